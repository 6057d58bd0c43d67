import t from "tap";
import {
  array,
  boolean,
  describeMisfit,
  digest,
  either,
  fits,
  integer,
  lazy,
  literal,
  misfitsOf,
  nullable,
  number,
  object,
  pointerOf,
  record,
  string,
  tagged,
  timestamp,
  type Shape,
} from "#canon/shape.ts";

const lines = (shape: Shape<unknown>, value: unknown): readonly string[] => misfitsOf(shape, value).map(describeMisfit);

t.test("a closed object reports every unknown, missing and wrong member at its path", (t) => {
  const shape = object({ name: string(), port: integer({ min: 1, max: 65_535 }) }, { tls: boolean() });
  t.same(lines(shape, { name: "a", port: 1 }), []);
  t.same(lines(shape, { name: 1, prot: 2, tls: "yes" }), [
    "/name: expected a string, found 1",
    'the document: unknown member "prot"',
    '/tls: expected true or false, found "yes"',
    'the document: member "port" is missing',
  ]);
  t.same(misfitsOf(shape, { prot: 2 })[0]?.known, ["name", "port", "tls"]);
  t.same(lines(shape, []), ["the document: expected an object, found an array"]);
  t.end();
});

t.test("numbers keep to their kind and range", (t) => {
  t.same(lines(integer({ min: 0, max: 9 }), 10), ["the document: expected an integer from 0 to 9, found 10"]);
  t.same(lines(integer(), 1.5), ["the document: expected an integer, found 1.5"]);
  t.same(lines(integer(), 2 ** 53), ["the document: expected an integer, found 9007199254740992"]);
  t.same(lines(number({ above: 0 }), 0).length, 1);
  t.same(lines(number(), Number.NaN).length, 1);
  t.ok(fits(number({ above: 0 }), 0.5));
  t.end();
});

t.test("strings keep to their pattern and length, and long ones are cut in messages", (t) => {
  t.ok(fits(string({ pattern: /^a+$/, expected: "a run of a" }), "aaa"));
  t.same(lines(string({ pattern: /^a+$/, expected: "a run of a" }), "b"), [
    'the document: expected a run of a, found "b"',
  ]);
  t.same(lines(string({ max: 2 }), "abc").length, 1);
  t.ok((lines(integer(), "x".repeat(500))[0]?.length ?? 999) < 120);
  t.end();
});

t.test("arrays and records check each member", (t) => {
  t.same(lines(array(integer(), { min: 1 }), []), ["the document: expected at least 1 items, found 0"]);
  t.same(lines(array(integer()), [1, "2", null]), [
    '/1: expected an integer, found "2"',
    "/2: expected an integer, found null",
  ]);
  t.same(lines(record(/^[a-z]+$/, integer(), "a lower-case name"), { a: 1, B: 2, c: "x" }), [
    '/B: expected a lower-case name, found "B"',
    '/c: expected an integer, found "x"',
  ]);
  t.end();
});

t.test("tagged objects report the misfits of the chosen case only", (t) => {
  const shape = tagged("kind", {
    file: object({ kind: literal("file"), path: string() }),
    link: object({ kind: literal("link"), target: string() }),
  });
  t.same(lines(shape, { kind: "link", target: "x" }), []);
  t.same(lines(shape, { kind: "link" }), ['the document: member "target" is missing']);
  t.same(lines(shape, { kind: "pipe" }), ['/kind: expected one of file, link, found "pipe"']);
  t.same(lines(shape, {}), ['the document: member "kind" is missing']);
  t.same(lines(shape, { kind: "constructor" }), ['/kind: expected one of file, link, found "constructor"']);
  t.end();
});

t.test("null, choices, digests and times", (t) => {
  t.ok(fits(nullable(string()), null));
  t.notOk(fits<unknown>(nullable(string()), 1));
  t.ok(fits<unknown>(literal<string | number | null>("a", 1, null), null));
  t.same(lines(literal("a"), "b"), ['the document: expected "a", found "b"']);
  t.ok(fits(digest(), `sha256:${"0".repeat(64)}`));
  t.notOk(fits(digest(), `sha256:${"A".repeat(64)}`));
  t.ok(fits(timestamp(), "2026-02-28T23:59:59.999Z"));
  t.notOk(fits(timestamp(), "2026-02-30T00:00:00.000Z"));
  t.notOk(fits(timestamp(), "2026-02-28T00:00:00Z"));
  const number = either([string(), integer()], (value) => (typeof value === "string" ? string() : integer()));
  t.same(lines(number, null), ["the document: expected an integer, found null"]);
  t.end();
});

t.test("a shape may contain itself", (t) => {
  type Tree = { readonly children: readonly Tree[] };
  const tree: Shape<Tree> = object({ children: array(lazy("tree", () => tree)) });
  t.ok(fits(tree, { children: [{ children: [] }] }));
  t.same(lines(tree, { children: [{ children: [{}] }] }), ['/children/0/children/0: member "children" is missing']);
  t.same(tree.schema, {
    type: "object",
    properties: { children: { type: "array", items: { $ref: "#/$defs/tree" } } },
    required: ["children"],
    additionalProperties: false,
  });
  t.end();
});

t.test("pointers escape tilde and slash", (t) => {
  t.equal(pointerOf(["a/b", 0, "~"]), "/a~1b/0/~0");
  t.end();
});
