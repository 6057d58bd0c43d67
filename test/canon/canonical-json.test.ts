import canonicalize from "canonicalize";
import fc from "fast-check";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";

/** Names that sort, look like an index or are set unlike others. */
const names = fc.oneof(
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom("", "9", "10", "a", "b", "B", "__proto__", "constructor", "toString", "length", "\u20ac", "\ufb33"),
);
const scalars = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom("\\ud800", '"\\', "\u2028\u007f\u0000\u001f", "\u{1f600}", -0, 1e21, 1e-7, 5e-324),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.constantFrom(true, false, null),
);
const { value: values } = fc.letrec((again) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    scalars,
    fc.array(again("value"), { maxLength: 4 }),
    fc.dictionary(names, again("value"), { maxKeys: 5, noNullPrototype: false }),
  ),
}));

t.test("the text is that of an independent implementation of RFC 8785", async () => {
  fc.assert(
    fc.property(values, (value) => canonicalJson(value) === canonicalize(value)),
    { numRuns: 2000 },
  );
});

t.test("the text does not depend on the order in which members were made", async () => {
  fc.assert(
    fc.property(values, (value) => canonicalJson(reversed(value)) === canonicalJson(value)),
    { numRuns: 500 },
  );
});

t.test("the value is left as it is", async (t) => {
  const value = { b: [{ d: 1, c: 2 }], a: {} };
  t.equal(canonicalJson(value), '{"a":{},"b":[{"c":2,"d":1}]}');
  t.equal(JSON.stringify(value), '{"b":[{"d":1,"c":2}],"a":{}}');
});

t.test("the example of RFC 8785 comes out as printed there", async (t) => {
  const value = {
    numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27],
    string: "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"/",
    literals: [null, true, false],
  };
  t.equal(
    canonicalJson(value),
    String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],` +
      String.raw`"string":"€$\u000f\nA'B\"\\\\\"/"}`,
  );
});

t.test("members that are undefined are left out, items become null", async (t) => {
  t.equal(canonicalJson({ b: undefined, a: [undefined, 1], c: 2 }), '{"a":[null,1],"c":2}');
  t.equal(canonicalJson({ b: 1, a: undefined }), '{"b":1}');
  t.equal(canonicalJson({ 10: undefined, 9: [undefined], "": 0 }), '{"":0,"9":[null]}');
});

t.test("depth is not limited by the stack", async (t) => {
  let value: unknown = {};
  for (let depth = 0; depth < 50_000; depth += 1) {
    value = depth % 2 === 0 ? [value] : { a: value };
  }
  t.equal(canonicalJson(value), canonicalize(value));
});

t.test("what JSON cannot hold is refused, wherever it stands", async (t) => {
  class Instance {
    readonly a = 1;
  }
  const circle: unknown[] = [];
  circle.push({ circle });
  const wrong: readonly unknown[] = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    "\ud800",
    "a\udc00b",
    { "\udbff": 1 },
    () => 1,
    Symbol("s"),
    1n,
    new Date(0),
    new Map([["a", 1]]),
    Object("text"),
    Uint8Array.of(1),
    new Instance(),
    { toJSON: () => 1 },
    circle,
  ];
  for (const value of wrong) {
    for (const around of [value, [value], { b: 1, a: [value] }, { a: { 10: value, 9: 1 } }]) {
      t.throws(() => canonicalJson(around), { message: /./ });
    }
  }
  t.throws(() => canonicalJson(undefined));
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(reversed);
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const entries = Object.entries(value).map(([name, member]) => [name, reversed(member)] as const);
  return Object.fromEntries(entries.toReversed());
}
