import t from "tap";
import type { Json } from "#canon/json.ts";
import { validateDocument, validateOutput, validateSchema } from "#plan/validate-schema.ts";

/** Definitions that each refer to the next one twice: so many lines, and two to the power of that many references. */
function doubling(lines: number, last: Json): Json {
  const definitions = Array.from({ length: lines }, (_, at): [string, Json] => [
    `d${at}`,
    { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] },
  ]);
  return { $ref: "#/$defs/d0", $defs: Object.fromEntries([...definitions, [`d${lines}`, last]]) };
}

const nested = (depth: number, core: Json): Json => (depth === 0 ? core : [nested(depth - 1, core)]);
const TOO_MANY = { kind: "badSchema", problem: /takes more than 10000000 steps/ };

t.test("references that multiply end after so many steps, whatever the value is", (t) => {
  t.match(validateSchema(doubling(8, { type: "integer" }), 1), { kind: "valid" });
  t.match(validateSchema(doubling(8, { type: "integer" }), "a"), { kind: "invalid", problem: "must be integer" });
  t.match(validateSchema(doubling(60, { minimum: 1 }), 1), TOO_MANY);
  t.match(validateOutput(doubling(60, { minimum: 1 }), 1), { ...TOO_MANY, problem: /takes more than 1000000 steps/ });
  t.end();
});

t.test("values that a schema names count for all that is in them", (t) => {
  const named = { a: [Array.from({ length: 2000 }, (_, at) => at)] };
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`m${at}`, at]));
  for (const [last, value] of [
    [{ const: named }, named],
    [{ enum: [1, named] }, named],
    [{ dependentRequired: { m0: Object.keys(many) } }, many],
    [{ const: ["long".repeat(8000)] }, ["long".repeat(8000)]],
  ] as const) {
    t.match(validateOutput(doubling(2, last), value), { kind: "valid" });
    t.match(validateOutput(doubling(12, last), value), { problem: /takes more than 1000000 steps/ });
  }
  t.end();
});

t.test("a schema is refused whose validator would be as long as the square of it", (t) => {
  const names = (count: number): Json => Array.from({ length: count }, (_, at) => `m${at}`);
  for (const keyword of ["dependentRequired", "dependencies"]) {
    t.match(validateOutput({ [keyword]: { a: names(400), b: names(200) } }, {}), { kind: "valid" });
    const refused = { kind: "badSchema", problem: `${keyword} names more than can be looked for` };
    t.match(validateOutput({ [keyword]: { a: names(600) } }, {}), refused);
  }
  t.end();
});

t.test("alternatives that multiply with the depth of a value end, too", (t) => {
  const inside = { items: { $ref: "#/$defs/tree" } };
  const schema = { $ref: "#/$defs/tree", $defs: { tree: { oneOf: [inside, inside, { type: "string" }] } } };
  t.match(validateSchema(schema, nested(3, 1)), { kind: "invalid" });
  t.match(validateSchema(schema, nested(50, 1)), TOO_MANY);
  t.end();
});

t.test(
  "a long value is held to a plain schema in fewer steps, and one that is wrong everywhere is refused for that",
  (t) => {
    const schema = {
      items: { $ref: "#/$defs/name" },
      $defs: { name: { type: "string", minLength: 1, pattern: "^[a-z]+$" } },
    };
    const names = (count: number, name: Json): Json => Array.from({ length: count }, () => name);
    t.match(validateSchema(schema, names(100_000, "alpha")), { kind: "valid" });
    t.match(validateSchema(schema, names(5, 1)), {
      problem: "at 0: must be string; at 1: must be string; at 2: must be string",
    });
    t.match(validateSchema(schema, names(60_000, 1)), { kind: "invalid", problem: "at 0: must be string" });
    t.end();
  },
);

t.test("formats and patterns that look at a text again and again count for that", (t) => {
  t.match(validateSchema({ format: "url" }, `http://${"a@:".repeat(30)}`), { kind: "invalid" });
  t.match(validateSchema({ format: "url" }, `http://${"a@:".repeat(300_000)}`), TOO_MANY);
  const some = (count: number): Json =>
    Object.fromEntries(Array.from({ length: count }, (_, at): [string, Json] => [`n${at}`, {}]));
  t.match(validateSchema({ patternProperties: some(100) }, some(1000)), { kind: "valid" });
  t.match(validateSchema({ patternProperties: some(200) }, some(60_000)), TOO_MANY);
  t.end();
});

t.test("a schema may be made of the metaschema, and is held to it", (t) => {
  const meta = "https://json-schema.org/draft/2020-12/schema";
  t.match(validateSchema({ $ref: meta }, { type: "strin" }), { kind: "invalid" });
  t.match(validateSchema({ $ref: meta }, { type: "string" }), { kind: "valid" });
  t.match(validateSchema({ $schema: meta, type: "string" }, "a"), { kind: "valid" });
  t.match(validateSchema({ type: "strin" }, "a"), { kind: "badSchema", problem: /^schema is invalid: data\/type/ });
  t.end();
});

t.test("each value has steps of its own", (t) => {
  const schema = { items: { pattern: "^(a|b)*$" } };
  const value = Array.from({ length: 20 }, () => "ab".repeat(50_000));
  for (let times = 0; times < 3; times += 1) {
    t.match(validateSchema(schema, value), { kind: "valid" });
  }
  t.end();
});

t.test("documents are held to schemas for as long as their step lets them", (t) => {
  t.match(validateDocument(doubling(18, { type: "integer" }), 1), { kind: "valid" });
  t.end();
});
