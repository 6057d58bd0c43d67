import type { Digest } from "#canon/digest.ts";
import type { Json } from "#canon/json.ts";
import { fits } from "#canon/shape.ts";
import { isCel } from "#plan/plan.ts";
import { valueOf } from "./expressions.ts";
import { entryOf } from "./run-record.ts";
import type { RunState } from "./state.ts";
import { valueShape, type Value, type Values } from "./value.ts";

/** The pack's outputs from what its steps produced; those that have no value are left out. */
export function resolveOutputs(state: RunState): Values {
  const found: Record<string, Value> = {};
  for (const [name, { from }] of Object.entries(state.plan.outputs)) {
    const value = namedOutput(state, from) ?? evaluatedOutput(state, from);
    if (value !== undefined) {
      found[name] = value;
    }
  }
  return found;
}

const ONE_OUTPUT =
  /^steps(?:\.(?<plain>[A-Za-z0-9_]+)|\["(?<quoted>[A-Za-z0-9_-]+)"\])\.outputs(?:\.(?<name>[A-Za-z0-9_]+)|\["(?<key>[A-Za-z0-9_]+)"\])$/;

/** An expression that only names one step's output gives that value with its declared type. */
function namedOutput(state: RunState, from: Json): Value | undefined {
  const [part] = isCel(from) && from.$cel.length === 1 ? from.$cel : [];
  const { plain, quoted, name, key } = (typeof part === "object" && ONE_OUTPUT.exec(part.expr)?.groups) || {};
  const record = entryOf(state.steps, plain ?? quoted ?? "");
  return record?.outputs === undefined ? undefined : entryOf(record.outputs, name ?? key ?? "");
}

function evaluatedOutput(state: RunState, from: Json): Value | undefined {
  const value = valueOf(state, undefined, from);
  return value.ok ? typed(state, value.value) : undefined;
}

function typed(state: RunState, value: Json): Value | undefined {
  if (Array.isArray(value)) {
    return { type: "array", value };
  }
  if (typeof value === "string") {
    return { type: "string", value };
  }
  if (typeof value === "boolean") {
    return { type: "boolean", value };
  }
  if (typeof value === "number") {
    return { type: Number.isSafeInteger(value) ? "integer" : "number", value };
  }
  return value === null ? undefined : (storedFile(state, value) ?? { type: "object", value });
}

/** A reference to a file or tree that a step of this run has produced: an object that merely looks like one is none. */
function storedFile(state: RunState, value: Json): Value | undefined {
  if (!fits(valueShape, value) || digestIn(value) === undefined) {
    return undefined;
  }
  const produced = Object.values(state.steps).some((step) =>
    Object.values(step.outputs ?? {}).some((output) => digestIn(output) === digestIn(value)),
  );
  return produced ? value : undefined;
}

function digestIn(value: Value): Digest | undefined {
  return value.type === "file" || value.type === "directory" ? value.digest : undefined;
}
