import { isJsonObject, type Json } from "#canon/json.ts";
import { pointerOf, type PathPart } from "#canon/shape.ts";
import { memberAt } from "#canon/member-at.ts";

/** One member of a configuration that holds a value of its own: a text, a number, a list of texts. */
export type SettingLeaf = {
  readonly path: readonly PathPart[];
  /** Its pointer, with a star for what users name or number. */
  readonly pattern: string;
  readonly description?: string;
};

type Place = { readonly path: readonly PathPart[]; readonly names: readonly string[] };

/**
 * Every member that a schema knows. Of members that users name or number there are those of `value`; where there are none,
 * the member around them stands for all of them.
 */
export function settingLeaves(
  schema: Json,
  value: unknown,
  at: Place = { path: [], names: [] },
): readonly SettingLeaf[] {
  if (!isJsonObject(schema)) {
    return [];
  }
  if (isJsonObject(schema["properties"])) {
    const chosen = Object.entries(schema["properties"]);
    return chosen.flatMap(([name, inner]) => settingLeaves(inner, memberAt(value, [name]), within(at, name, name)));
  }
  const items = itemsOf(schema);
  const named = items === undefined ? [] : namesIn(value);
  if (items !== undefined && named.length > 0) {
    return named.flatMap((name) =>
      settingLeaves(caseOf(items, value, name), memberAt(value, [name]), within(at, name, "*")),
    );
  }
  const { description } = schema;
  const leaf = { path: at.path, pattern: pointerOf(at.names) };
  return [typeof description === "string" ? { ...leaf, description } : leaf];
}

/** The schema of members without fixed names; a list of texts is a value by itself. */
function itemsOf({ additionalProperties, items }: Readonly<Record<string, Json>>): Json | undefined {
  if (isJsonObject(additionalProperties)) {
    return additionalProperties;
  }
  return isJsonObject(items) && items["type"] !== "string" ? items : undefined;
}

/** Of several cases the one whose members are all known. */
function caseOf(schema: Json, value: unknown, name: PathPart): Json {
  const cases: readonly Json[] = isJsonObject(schema) && Array.isArray(schema["anyOf"]) ? schema["anyOf"] : [schema];
  const given = Object.keys(Object(memberAt(value, [name])) as object);
  const fitting = cases.find(
    (one) =>
      isJsonObject(one) &&
      isJsonObject(one["properties"]) &&
      given.every((key) => Object.hasOwn(one["properties"] as object, key)),
  );
  return fitting ?? cases[0] ?? schema;
}

function namesIn(value: unknown): readonly PathPart[] {
  return Array.isArray(value) ? value.map((_item, at) => at) : Object.keys(Object(value ?? {}) as object);
}

function within({ path, names }: Place, part: PathPart, name: string): Place {
  return { path: [...path, part], names: [...names, name] };
}
