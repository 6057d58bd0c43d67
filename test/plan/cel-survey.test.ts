import t from "tap";
import { celProgram } from "#plan/cel-program.ts";

function problemsOf(source: string): readonly string[] {
  const program = celProgram(source);
  return program.ok
    ? []
    : program.fault.map(
        ({ code, data, start, end }) => `${code} ${source.slice(start, end)}: ${data["problem"] ?? data["name"]}`,
      );
}

t.test("what could differ between machines or grow without bound is refused", async (t) => {
  for (const [source, ...expected] of [
    ["x.matches('(a+)+$')", /^EXPR_SYNTAX x\.matches.*exponential/],
    ["timestamp('2026-01-05T08:00:00Z')", /^EXPR_SYNTAX timestamp/],
    ["x.getHours('Europe/Berlin')", /^EXPR_SYNTAX x\.getHours/],
    ["x.getFullYear()", /^EXPR_SYNTAX/],
    ["duration('1h')", /^EXPR_SYNTAX/],
    ["cel.bind(x, 1, x + x)", /^EXPR_SYNTAX cel\.bind.*double/],
    ["type(1)", /^EXPR_SYNTAX/],
    ["bytes('a')", /^EXPR_SYNTAX/],
    ["b'a'", /^EXPR_SYNTAX b'a': JSON has no bytes/],
    ["1u", /^EXPR_SYNTAX 1u: JSON has no unsigned/],
    ["uint(1)", /^EXPR_SYNTAX/],
    ["9223372036854775808", /^EXPR_NUMBER/],
    ["x < 9007199254740992", /^EXPR_NUMBER 9007199254740992: .*goes to 9007199254740991/],
    ["true || -9007199254740992 < x", /^EXPR_NUMBER/],
    ["x.all(y, y > 1e16)", /^EXPR_NUMBER 1e16/],
    ["x < 1e400", /^EXPR_NUMBER 1e400: .*goes to 9007199254740991/],
    ["0xFFFFFFFFFFFFFFFFFF", /^EXPR_NUMBER/],
    ["{'a': 1, 'a': 2}", /^EXPR_SYNTAX 'a': the object has "a" twice/],
    ["{1: 2}", /^EXPR_SYNTAX 1: the names/],
    ["{x: 2}", /^EXPR_SYNTAX x: the names/],
    ["{'__proto__': 2}", /^EXPR_SYNTAX '__proto__'/],
    ["{'$cel': []}", /^EXPR_SYNTAX '\$cel'/],
    ["string", /^EXPR_UNKNOWN string/],
    ["google.protobuf", /^EXPR_UNKNOWN google/],
    ["foo(1)", /^EXPR_UNKNOWN foo\(1\): foo\(\)/],
    ["x.size(1)", /^EXPR_SYNTAX.*size\(\) takes 0/],
    ["startsWith('a')", /^EXPR_SYNTAX.*called as x\.startsWith/],
    ["x.int()", /^EXPR_SYNTAX/],
    ["x.toString()", /^EXPR_UNKNOWN/],
    ["x.all(1, true)", /^EXPR_SYNTAX.*takes a name/],
    ["x.all(y)", /^EXPR_SYNTAX/],
    ["x.map(steps, 1)", /^EXPR_SYNTAX steps: "steps" already/],
    ["has(x)", /^EXPR_SYNTAX has\(x\)/],
    ["has(x.y, 1)", /^EXPR_SYNTAX/],
    ["has(x[0])", /^EXPR_SYNTAX/],
    ["has(x.y().z)", /^EXPR_SYNTAX/],
  ] as const) {
    t.match(problemsOf(source), expected, source);
  }
});

t.test("numbers are literals up to the largest that JSON carries exactly", async (t) => {
  for (const source of ["-9007199254740991 < x", "9007199254740991.0 > x", "0x1FFFFFFFFFFFFF", "5e-324", "1e-400"]) {
    t.strictSame(problemsOf(source), [], source);
  }
});

t.test("macros nest: what that costs is counted when they are evaluated", async (t) => {
  for (const source of [
    "a.all(x, x.parts.all(y, y.size > 0))",
    "a.all(x, b.exists(y, x == y))",
    "a.all(x, x.b.all(y, x.b.all(z, z != y || [1, 2].exists(w, w == z))))",
  ]) {
    t.strictSame(problemsOf(source), [], source);
  }
});

t.test("what is no CEL is refused at its place", async (t) => {
  t.match(problemsOf(""), [/there is no expression/]);
  t.match(problemsOf("1 +"), [/^EXPR_SYNTAX/]);
  t.match(problemsOf("a = 1"), [/compare with ==/]);
  t.match(problemsOf("'open"), [/^EXPR_SYNTAX 'open/]);
  t.match(problemsOf("for"), [/^EXPR_SYNTAX for/]);
  t.match(problemsOf("a..b"), [/expected a name/]);
  t.match(problemsOf("a; b"), [/^EXPR_SYNTAX/]);
});

t.test("size and depth have limits that no stack runs into", async (t) => {
  for (const source of [
    "(".repeat(5000) + "1" + ")".repeat(5000),
    "!".repeat(100_000) + "true",
    "-".repeat(100_000) + "1",
    `a${".b".repeat(5000)}`,
    `1${" + 1".repeat(5000)}`,
    "[".repeat(1000),
  ]) {
    t.match(problemsOf(source), [/too large or nested too deeply/], source.slice(0, 10));
  }
  t.strictSame(problemsOf(`1${" + 1".repeat(900)}`), []);
});

t.test("an expression knows what it reads", async (t) => {
  const rootsOf = (source: string): unknown => {
    const program = celProgram(source);
    return program.ok
      ? Object.fromEntries([...program.value.roots].map(([k, v]) => [k, v && [...v].sort()]))
      : undefined;
  };
  t.strictSame(rootsOf('inputs.a + inputs["b"] + steps.c.outputs.d'), { inputs: ["a", "b"], steps: ["c"] });
  t.strictSame(rootsOf("size(inputs) + inputs.a"), { inputs: undefined });
  t.strictSame(rootsOf("inputs[x]"), { inputs: undefined, x: undefined });
  t.strictSame(rootsOf('has(steps["a-b"].outputs.x)'), { steps: ["a-b"] });
  t.strictSame(rootsOf("host.map(x, x.y + index)"), { host: undefined, index: undefined });
  t.strictSame(rootsOf("1 + 1"), {});
});
