import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import type { Roots } from "./cel-survey.ts";
import { celOfJson, keepOriginal, type CelValue } from "./cel-value.ts";
import type { NumberRules } from "./number-rules.ts";

/**
 * What an expression sees, as plain JSON: `inputs`, `pack`, `run`, `steps` (each step that it names, as
 * `{status, outputs}` or lists of those), and the item and index of the maps around it.
 */
export type ExpressionContext = Readonly<Record<string, Json>>;

/** The part of a context that an expression reads, as CEL values. */
export function celContext(
  roots: Roots,
  context: ExpressionContext,
  numbers?: NumberRules,
): Readonly<Record<string, CelValue>> {
  const made: Record<string, CelValue> = {};
  for (const [root, members] of roots) {
    if (Object.hasOwn(context, root)) {
      made[root] = rootValue(root, context[root] ?? null, members, numbers);
    }
  }
  return made;
}

function rootValue(
  root: string,
  value: Json,
  members: ReadonlySet<string> | undefined,
  numbers: NumberRules | undefined,
): CelValue {
  if ((root !== "inputs" && root !== "steps") || !isJsonObject(value)) {
    return celOfJson(value);
  }
  const found = new Map<string, CelValue>();
  for (const name of members ?? Object.keys(value)) {
    if (Object.hasOwn(value, name)) {
      const member = value[name] ?? null;
      found.set(
        name,
        root === "inputs"
          ? declared(member, numbers?.inputs.has(name) === true)
          : stepValue(member, numbers?.outputs.get(name)),
      );
    }
  }
  return found;
}

function declared(value: Json, isDouble: boolean): CelValue {
  return isDouble && typeof value === "number" ? value : celOfJson(value);
}

type View = readonly Json[] | JsonObject;
type Converted = { readonly doubles: ReadonlySet<string> | undefined; readonly value: CelValue };

/** A list of a map's iterations is seen by every item of another map: it is converted for the first one alone. */
const views = new WeakMap<View, Converted>();

function stepValue(view: Json, doubles: ReadonlySet<string> | undefined): CelValue {
  if (typeof view !== "object" || view === null) {
    return celOfJson(view);
  }
  const known = views.get(view);
  if (known !== undefined && known.doubles === doubles) {
    return known.value;
  }
  const value = Array.isArray(view)
    ? view.map((item: Json) => stepValue(item, doubles))
    : stepMembers(view as JsonObject, doubles);
  keepOriginal(value, view);
  views.set(view, { doubles, value });
  return value;
}

/** Outputs that are doubles are taken out of the common conversion, which would make ints of integral ones. */
function stepMembers(view: JsonObject, doubles: ReadonlySet<string> | undefined): ReadonlyMap<string, CelValue> {
  const outputs = view["outputs"];
  const made = new Map(
    Object.entries(view)
      .filter(([name]) => name !== "outputs")
      .map(([name, value]) => [name, celOfJson(value)]),
  );
  if (isJsonObject(outputs)) {
    const values = Object.entries(outputs);
    made.set("outputs", new Map(values.map(([name, value]) => [name, declared(value, doubles?.has(name) === true)])));
  }
  return made;
}
