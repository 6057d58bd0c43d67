import fc from "fast-check";
import { isJsonObject } from "#canon/json.ts";

/** What is tried in the place of every text: names that lead out, steer a terminal, end a header, or mean something to a program. */
const NASTY = [
  "",
  ".",
  "..",
  "../../etc/passwd",
  "%2e%2e%2f",
  "__proto__",
  "constructor",
  "a\r\nSet-Cookie: x=1",
  "a\u0000b",
  "\u202Egnp.exe",
  "${{ secrets.x }}",
  "$where",
  "'; DROP TABLE runs; --",
  "\uD800",
  "a".repeat(3000),
];

/** Values of a JSON Schema as the OpenAPI document writes them, now and then with something in them that does not fit. */
export function valueOf(schema: unknown, known: readonly string[]): fc.Arbitrary<unknown> {
  return fc.oneof(
    { weight: 12, arbitrary: fitting(schema, known) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) },
  );
}

export function text(known: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...known) },
    fc.constantFrom(...NASTY),
    fc.string({ maxLength: 20, unit: "binary" }),
  );
}

function fitting(schema: unknown, known: readonly string[]): fc.Arbitrary<unknown> {
  if (!isJsonObject(schema)) {
    return fc.jsonValue({ maxDepth: 2 });
  }
  const { type, properties, items, required } = schema;
  const choices = schema["oneOf"] ?? schema["anyOf"];
  if (Array.isArray(choices)) {
    return fc.oneof(...choices.map((choice) => valueOf(choice, known)));
  }
  if ("const" in schema) {
    return fc.constant(schema["const"]);
  }
  if (Array.isArray(schema["enum"])) {
    return fc.constantFrom<unknown>(...(schema["enum"] as readonly unknown[]));
  }
  switch (type) {
    case "object":
      return members(isJsonObject(properties) ? properties : {}, Array.isArray(required) ? required : [], known);
    case "array":
      return fc.array(valueOf(items, known), { maxLength: 4 });
    case "integer":
    case "number":
      return fc.oneof(fc.integer({ min: -200, max: 200 }), fc.constantFrom(0.5, -0, 2 ** 53, 1e308));
    case "boolean":
      return fc.boolean();
    case "string":
      return text(known);
    default:
      return fc.jsonValue({ maxDepth: 3 });
  }
}

function members(
  properties: Readonly<Record<string, unknown>>,
  required: readonly unknown[],
  known: readonly string[],
): fc.Arbitrary<unknown> {
  const each = Object.entries(properties).map(([name, schema]) => [name, valueOf(schema, known)] as const);
  const needed = Object.keys(properties).filter((name) => required.includes(name));
  const whole = fc.record(Object.fromEntries(each), { requiredKeys: needed });
  const more = fc.dictionary(text(known), fc.jsonValue({ maxDepth: 1 }), { maxKeys: 3 });
  return fc.oneof(
    { weight: 8, arbitrary: whole },
    { weight: 1, arbitrary: fc.tuple(whole, more).map(([one, other]) => ({ ...one, ...other })) },
    { weight: each.length === 0 ? 4 : 1, arbitrary: more },
  );
}
