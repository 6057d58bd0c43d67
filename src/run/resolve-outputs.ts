import type { Json } from "#canon/json.ts";
import { fits } from "#canon/shape.ts";
import { valueOf } from "./expressions.ts";
import { namedOutput } from "./named-output.ts";
import { entryOf } from "./run-record.ts";
import type { RunState } from "./state.ts";
import { valueShape, type Value, type Values } from "./value.ts";

/** The pack's outputs from what its steps produced; those that have no value are left out. */
export function resolveOutputs(state: RunState): Values {
  const found: Record<string, Value> = {};
  for (const [name, { from }] of Object.entries(state.plan.outputs)) {
    const value = takenOutput(state, from) ?? evaluatedOutput(state, from);
    if (value !== undefined) {
      found[name] = value;
    }
  }
  return found;
}

/** An expression that only names one step's output gives that value with its declared type. */
function takenOutput(state: RunState, from: Json): Value | undefined {
  const named = namedOutput(from);
  const outputs = named === undefined ? undefined : entryOf(state.steps, named.step)?.outputs;
  return named === undefined || outputs === undefined ? undefined : entryOf(outputs, named.name);
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

/** A reference to a file or tree, just as a step of this run gave it: an object that merely looks like one is none. */
function storedFile(state: RunState, value: Json): Value | undefined {
  if (!fits(valueShape, value) || (value.type !== "file" && value.type !== "directory")) {
    return undefined;
  }
  return state.live.references.produced(value) ? value : undefined;
}
