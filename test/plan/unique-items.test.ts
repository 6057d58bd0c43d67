import fc from "fast-check";
import t from "tap";
import type { Json, JsonObject } from "#canon/json.ts";
import { validateSchema } from "#plan/validate-schema.ts";

const verdictOf = (items: readonly Json[], schema: Json = { uniqueItems: true }): string =>
  validateSchema(schema, [...items]).kind;

/** Equality of JSON Schema, item by item: what the keyword means, in the plainest way to say it. */
function equal(a: Json, b: Json): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return a === b;
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    const [left, right] = [a, b] as [readonly Json[], readonly Json[]];
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      left.length === right.length &&
      left.every((item, at) => equal(item, right[at] ?? null))
    );
  }
  const [left, right] = [a, b] as [JsonObject, JsonObject];
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && equal(left[name] ?? null, right[name] ?? null))
  );
}

const isUnique = (items: readonly Json[]): boolean =>
  items.every((item, at) => items.slice(0, at).every((before) => !equal(item, before)));

t.test("items are told apart as JSON Schema tells them apart", (t) => {
  for (const [items, expected] of [
    [[], "valid"],
    [[1, "1", true, "true", null, "null", [1], ["1"], [], {}, "", '"1"', "[1]", "{}"], "valid"],
    [[1, JSON.parse("1.0") as Json], "invalid"],
    [[0, -0], "invalid"],
    [
      [
        { a: 1, b: [2] },
        { b: [2], a: 1 },
      ],
      "invalid",
    ],
    [[{ a: 1 }, { a: "1" }, { a: null }, {}], "valid"],
    [[JSON.parse('{"__proto__": 1}') as Json, {}], "valid"],
    [[{ "a:1,b": 1 }, { a: 1, b: 1 }, [{ a: 1, b: 1 }]], "valid"],
    [["\ud800", "\ud801", "\ufffd"], "valid"],
    [["a", "b", "a"], "invalid"],
  ] as const) {
    t.equal(verdictOf(items as readonly Json[]), expected, JSON.stringify(items));
  }
  t.equal(verdictOf([1, 1], { uniqueItems: false }), "valid");
  t.equal(verdictOf([[1, 1]], { items: { uniqueItems: true } }), "invalid");
  t.equal(verdictOf(["a", "a"], { items: { type: "string" }, uniqueItems: true }), "invalid");
  t.equal(validateSchema({ uniqueItems: true }, "aa").kind, "valid", "only arrays have items");
  t.match(validateSchema({ uniqueItems: true }, [3, 1, 2, 1]), { problem: /items ## 1 and 3 are identical/ });
  t.match(validateSchema({ properties: { a: { uniqueItems: true } } }, { a: [[], []] }), { problem: /^at \*: / });
  t.end();
});

t.test("the verdict is that of comparing each item with each", (t) => {
  const small = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<Json>;
  const few = fc.constantFrom<Json>(0, 1, "a", "b", true, null, [], [0], {}, { a: 0 }, { a: 0, b: 1 }, { b: 1, a: 0 });
  fc.assert(
    fc.property(
      fc.array(fc.oneof(small, few), { maxLength: 8 }),
      (items) => verdictOf(items) === (isUnique(items) ? "valid" : "invalid"),
    ),
    { numRuns: 200 },
  );
  t.end();
});

t.test("a list that is as long as a pack may have it is answered", (t) => {
  const objects = Array.from({ length: 100_000 }, (_, at): Json => ({ at, deep: [{ at }] }));
  t.equal(verdictOf(objects), "valid");
  t.equal(verdictOf([...objects, { deep: [{ at: 7 }], at: 7 }]), "invalid");
  t.end();
});
