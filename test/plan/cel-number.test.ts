import fc from "fast-check";
import t from "tap";
import { evaluateExpression } from "#plan/evaluate-expression.ts";

const MAX = Number.MAX_SAFE_INTEGER;
const rules = { inputs: new Set(["passed", "total", "d", "e"]), outputs: new Map<string, Set<string>>() };
const inputs = {
  passed: 1,
  total: 0,
  one: 1,
  none: 0,
  max: MAX,
  many: [3, 2, 1, 0],
  text: "9007199254740993",
  huge: 1e300,
  wide: [1, { deep: [-1e300] }],
  same: [1, { deep: [-1e300] }],
};

function outcome(source: string): unknown {
  const evaluated = evaluateExpression(source, { inputs }, rules);
  return evaluated.ok ? evaluated.value : evaluated.fault.code;
}

t.test("a number that is none is no part of anything else", async (t) => {
  for (const source of [
    "inputs.passed / inputs.total >= 0.95",
    "inputs.total / inputs.total != 0.0",
    "string(inputs.passed / inputs.total)",
    'string(double("NaN"))',
    'double("inf") > 1.0',
    'double("1e300") > 1.0',
    "string(inputs.max + inputs.one)",
    "inputs.max * 2 > 0",
    "-inputs.max - 1 < 0",
    "string(int(inputs.text))",
    "double(inputs.max) + 1.0 > 0.0",
    "[inputs.passed / inputs.total].size()",
    "{'a': inputs.passed / inputs.total}.a > 1.0",
    "inputs.many.map(x, 6 / x).size()",
    "inputs.many.filter(x, 6.0 / double(x) > 1.0).size()",
    // What a step measured can be beyond the range as well.
    "inputs.huge > 1.0",
    "inputs.wide[1].deep[0] < 0.0",
    "inputs.wide[1].deep.exists(x, x < 0.0)",
    "inputs.wide == inputs.same",
    "1 in inputs.wide",
    "inputs.wide[1] in [inputs.same]",
  ]) {
    t.equal(outcome(source), "EXPR_NUMBER", source);
  }
});

t.test("no operator and no macro goes on behind it", async (t) => {
  for (const broken of ["inputs.passed / inputs.total > 1.0", "1 / inputs.none > 1", "inputs.max * inputs.max > 1"]) {
    for (const source of [
      `${broken} || true`,
      `true && (${broken} || true)`,
      `!(${broken} && false)`,
      `inputs.many.exists(x, ${broken} || x == 0)`,
      `!inputs.many.all(x, x > 2 && ${broken})`,
      `[${broken}, true].exists(x, x)`,
      `(${broken} || true) ? 1 : 2`,
      `${broken} || inputs.absent`,
      `${broken} || has(inputs.one)`,
      `${broken} || inputs.many.exists_one(x, x == 1)`,
    ]) {
      t.equal(outcome(source), "EXPR_NUMBER", source);
    }
  }
  t.equal(outcome("inputs.many.exists(x, 6 / (x - 3) > 0 || true)"), "EXPR_NUMBER");
});

t.test("what is not evaluated is not wrong, and the next evaluation begins anew", async (t) => {
  for (const [source, value] of [
    ["inputs.total != 0.0 && inputs.passed / inputs.total >= 0.95", false],
    ["inputs.total == 0.0 || inputs.passed / inputs.total >= 0.95", true],
    ["inputs.total == 0.0 ? 0.0 : inputs.passed / inputs.total", 0],
    ["inputs.many.exists(x, 6 / x > 2)", true],
    ["inputs.wide.size() + inputs.same.size()", 4],
    ["has(inputs.huge)", true],
    ["'deep' in inputs.wide[1]", true],
    ["inputs.wide", inputs.wide],
    ["-inputs.max + 0", -MAX],
  ] as const) {
    t.strictSame(outcome(source), value, source);
    t.strictSame(outcome(source), value, `${source}, again`);
  }
  const share = (total: number): unknown =>
    evaluateExpression("inputs.d / inputs.e > 0.5", { inputs: { d: 1, e: total } }, rules);
  t.match(share(0), { ok: false, fault: { code: "EXPR_NUMBER" } });
  t.match(share(1), { ok: true, value: true });
});

t.test("the fault names the part that gave the number, and none of its values", async (t) => {
  const message = (source: string): unknown => evaluateExpression(source, { inputs }, rules);
  t.match(message("true && inputs.passed / inputs.total >= 0.95"), {
    fault: { message: '"inputs.passed / inputs.total" is infinite' },
  });
  t.match(message("int(inputs.text) > 0"), { fault: { message: '"int(inputs.text)" is out of range' } });
  t.match(message("0.0 / inputs.total == 1.0"), { fault: { message: /is not a number \(NaN\)$/ } });
  const long = Array.from({ length: 40 }, () => "inputs.max").join(" + ");
  t.match(message(`${long} > 0`), { fault: { message: '"inputs.max + inputs.max" is out of range' } });
  t.match(message(`inputs.max + (${long.replaceAll("max", "none")}) + 1 > 0`), {
    fault: { message: "a number in it is out of range" },
  });
});

/** An expression with what it gives by the rules, computed with nothing of the evaluator: `Unsafe` is thrown for no number. */
type Sample<T> = { readonly text: string; readonly value: () => T };
class Unsafe extends Error {}

function held<T extends number | bigint>(value: T): T {
  if (!(Math.abs(Number(value)) <= MAX)) {
    throw new Unsafe();
  }
  return value;
}

function divided(by: bigint, value: () => bigint): bigint {
  if (by === 0n) {
    throw new Unsafe();
  }
  return value();
}

const INT = {
  "+": (a: bigint, b: bigint) => a + b,
  "-": (a: bigint, b: bigint) => a - b,
  "*": (a: bigint, b: bigint) => a * b,
  "/": (a: bigint, b: bigint) => divided(b, () => a / b),
  "%": (a: bigint, b: bigint) => divided(b, () => a % b),
} as const;
const DOUBLE = {
  "+": (a: number, b: number) => a + b,
  "-": (a: number, b: number) => a - b,
  "*": (a: number, b: number) => a * b,
  "/": (a: number, b: number) => a / b,
} as const;
const ORDER = {
  "<": <T>(a: T, b: T) => a < b,
  "<=": <T>(a: T, b: T) => a <= b,
  ">": <T>(a: T, b: T) => a > b,
  ">=": <T>(a: T, b: T) => a >= b,
  "==": <T>(a: T, b: T) => a === b,
  "!=": <T>(a: T, b: T) => a !== b,
} as const;
const keys = <T extends object>(table: T): fc.Arbitrary<keyof T> =>
  fc.constantFrom(...(Object.keys(table) as (keyof T)[]));

const given = {
  inputs: { i: MAX, j: 0, k: -3, m: 94_906_267, d: 0, e: 0.5, f: MAX, h: 1e300, g: 5e-324, l: [7, -1, 0] },
};
const doubles = { inputs: new Set(["d", "e", "f", "g", "h"]), outputs: new Map<string, Set<string>>() };
const read = (name: "i" | "j" | "k" | "m" | "d" | "e" | "f" | "g" | "h"): number => given.inputs[name];

type Kinds = { readonly int: Sample<bigint>; readonly double: Sample<number>; readonly bool: Sample<boolean> };
const { int, double, bool } = fc.letrec<Kinds>((tie) => {
  const anInt = tie("int");
  const aDouble = tie("double");
  const aBool = tie("bool");
  return {
    int: fc.oneof(
      { maxDepth: 6, depthIdentifier: "n" },
      fc.constantFrom(0, 1, 2, 7, 4096, MAX).map((n) => ({ text: `${n}`, value: () => BigInt(n) })),
      fc.constantFrom("i", "j", "k", "m").map((name) => ({ text: `inputs.${name}`, value: () => BigInt(read(name)) })),
      fc.tuple(keys(INT), anInt, anInt).map(([op, a, b]) => ({
        text: `(${a.text} ${op} ${b.text})`,
        value: () => held(INT[op](a.value(), b.value())),
      })),
      anInt.map((a) => ({ text: `(-(${a.text}))`, value: () => -a.value() })),
      aDouble.map((a) => ({ text: `int(${a.text})`, value: () => BigInt(Math.trunc(a.value())) })),
      fc.constantFrom("12", "9007199254740991", "-9007199254740992", "9007199254740993").map((text) => ({
        text: `int('${text}')`,
        value: () => held(BigInt(text)),
      })),
      anInt.map((a) => ({ text: `size(inputs.l.map(x, x + ${a.text}))`, value: () => sum(a.value()) })),
      fc.tuple(aBool, anInt, anInt).map(([c, a, b]) => ({
        text: `(${c.text} ? ${a.text} : ${b.text})`,
        value: () => (c.value() ? a.value() : b.value()),
      })),
    ),
    double: fc.oneof(
      { maxDepth: 6, depthIdentifier: "n" },
      fc
        .constantFrom("0.0", "1.5", "3.0e-200", "9007199254740991.0")
        .map((text) => ({ text, value: () => Number(text) })),
      fc
        .constantFrom("d", "e", "f", "g", "h")
        .map((name) => ({ text: `inputs.${name}`, value: () => held(read(name)) })),
      fc.tuple(keys(DOUBLE), aDouble, aDouble).map(([op, a, b]) => ({
        text: `(${a.text} ${op} ${b.text})`,
        value: () => held(DOUBLE[op](a.value(), b.value())),
      })),
      aDouble.map((a) => ({ text: `(-(${a.text}))`, value: () => -a.value() })),
      anInt.map((a) => ({ text: `double(${a.text})`, value: () => Number(a.value()) })),
      fc.constantFrom("1.25", "NaN", "inf", "-inf", "1e16", "1e999").map((text) => ({
        text: `double('${text}')`,
        value: () => held(Number(text.replace("inf", "Infinity"))),
      })),
    ),
    bool: fc.oneof(
      { maxDepth: 6, depthIdentifier: "n" },
      fc.boolean().map((flag) => ({ text: `${flag}`, value: () => flag })),
      fc.tuple(keys(ORDER), anInt, anInt).map(([op, a, b]) => ({
        text: `(${a.text} ${op} ${b.text})`,
        value: () => ORDER[op](a.value(), b.value()),
      })),
      fc.tuple(keys(ORDER), aDouble, aDouble).map(([op, a, b]) => ({
        text: `(${a.text} ${op} ${b.text})`,
        value: () => ORDER[op](a.value(), b.value()),
      })),
      fc.tuple(aDouble, anInt).map(([a, b]) => ({
        text: `(string(${a.text}) == string(${b.text}))`,
        value: () => String(a.value()) === String(b.value()),
      })),
      fc
        .tuple(aBool, aBool)
        .map(([a, b]) => ({ text: `(${a.text} || ${b.text})`, value: () => a.value() || b.value() })),
      fc
        .tuple(aBool, aBool)
        .map(([a, b]) => ({ text: `(${a.text} && ${b.text})`, value: () => a.value() && b.value() })),
      aBool.map((a) => ({ text: `!(${a.text})`, value: () => !a.value() })),
      fc.tuple(aBool, anInt).map(([a, b]) => ({
        text: `inputs.l.exists(x, ${a.text} || x == ${b.text})`,
        value: () => given.inputs.l.some((x) => a.value() || BigInt(x) === b.value()),
      })),
      fc.tuple(aBool, anInt).map(([a, b]) => ({
        text: `inputs.l.all(x, ${a.text} && 6 / x != ${b.text})`,
        value: () => given.inputs.l.every((x) => a.value() && divided(BigInt(x), () => 6n / BigInt(x)) !== b.value()),
      })),
      fc.tuple(anInt, anInt, anInt).map(([a, b, c]) => ({
        text: `(${a.text} in [${b.text}, ${c.text}])`,
        value: () => isIn(a.value(), [b.value(), c.value()]),
      })),
    ),
  };
});

function sum(added: bigint): bigint {
  given.inputs.l.forEach((x) => held(BigInt(x) + added));
  return BigInt(given.inputs.l.length);
}

function isIn(value: bigint, list: readonly bigint[]): boolean {
  return list.includes(value);
}

function expected(sample: Sample<bigint | number | boolean>): string {
  try {
    const value = sample.value();
    return typeof value === "boolean" ? `${value}` : `${Number(value)}`;
  } catch (error) {
    if (error instanceof Unsafe) {
      return "EXPR_NUMBER";
    }
    throw error;
  }
}

function found(text: string): string {
  const evaluated = evaluateExpression(text, given, doubles);
  return evaluated.ok ? JSON.stringify(evaluated.value) : evaluated.fault.code;
}

t.test(
  "no evaluation gives anything that was computed with a number beyond the rule, and every other gives its value",
  async (t) => {
    const seen = new Map<string, number>();
    fc.assert(
      fc.property(fc.oneof(bool, int, double), (sample) => {
        const wanted = expected(sample);
        const got = found(sample.text);
        const kind = wanted === "EXPR_NUMBER" ? "unsafe" : "safe";
        seen.set(kind, (seen.get(kind) ?? 0) + 1);
        return got === wanted;
      }),
      { numRuns: 3000 },
    );
    t.ok((seen.get("unsafe") ?? 0) > 300 && (seen.get("safe") ?? 0) > 300, "both kinds came up");
  },
);
