import t from "tap";
import { linearPattern } from "#plan/linear-pattern.ts";
import { validateDocument, validateSchema } from "#plan/validate-schema.ts";

t.test("patterns match as JSON Schema means them: anywhere, unless they are anchored", (t) => {
  for (const [pattern, good, bad] of [
    ["^[a-z]\\d{2,3}$", "a12", "a1"],
    ["b+", "abbc", "ac"],
    ["^\\u0041\\/x$", "A/x", "B/x"],
    ["(?<year>\\d{4})-\\d\\d", "on 2026-11", "2026"],
    ["^\\p{L}+$", "été", "e2"],
    ["^[^\\s]+$", "a", "a b"],
  ] as const) {
    const { test } = linearPattern(() => undefined)(pattern);
    t.equal(test(good), true, pattern);
    t.equal(test(bad), false, pattern);
  }
  t.end();
});

t.test("a pattern that would take for ever elsewhere is answered", (t) => {
  const text = `${"a".repeat(100_000)}!`;
  t.match(validateSchema({ type: "string", pattern: "^(a+)+$" }, text), { kind: "invalid" });
  t.match(validateDocument({ patternProperties: { "^(a|a)*$": false } }, { [text]: 1 }), { kind: "valid" });
  t.end();
});

t.test("several patterns of one schema stay apart", (t) => {
  const schema = {
    properties: { a: { pattern: "^a$" }, b: { pattern: "^b$" } },
    patternProperties: { "^x": { pattern: "^x$" } },
  };
  t.match(validateSchema(schema, { a: "a", b: "b", x1: "x" }), { kind: "valid" });
  for (const wrong of [{ a: "b" }, { b: "a" }, { x1: "a" }]) {
    t.match(validateSchema(schema, wrong), { kind: "invalid" }, JSON.stringify(wrong));
  }
  t.end();
});

t.test("what RE2 does not have refuses the schema, and says what", (t) => {
  for (const pattern of ["(?=a)b", "(a)\\1", "(?<!a)b", "a{1,2000}", "("]) {
    t.match(validateSchema({ pattern }, "a"), { kind: "badSchema", problem: /error parsing regexp/ }, pattern);
  }
  t.end();
});
