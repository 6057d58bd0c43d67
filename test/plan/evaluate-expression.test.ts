import fc from "fast-check";
import t from "tap";
import type { Json } from "#canon/json.ts";
import { canonicalJson } from "#canon/canonical-json.ts";
import { evaluateCondition, evaluateTemplate } from "#plan/evaluate-template.ts";
import { evaluateExpression } from "#plan/evaluate-expression.ts";
import type { Plan } from "#plan/plan.ts";
import { golden } from "./sample-plan.ts";

const context = {
  inputs: {
    channel: "beta",
    count: 7,
    half: 0.5,
    hosts: ["eu", "us"],
    none: [],
    settings: { depth: 2, constructor: 5 },
  },
  pack: { name: "acme/sample", version: "1.2.3" },
  run: { id: "0190" },
  steps: {
    scan: { status: "succeeded", outputs: { critical: 0, share: 2 } },
    "build-sbom": { status: "skipped", outputs: {} },
    push: [{ status: "succeeded", outputs: { size: 3 } }, null],
  },
  host: "eu",
  index: 1,
};

function value(expression: string): unknown {
  const evaluated = evaluateExpression(expression, context);
  return evaluated.ok ? evaluated.value : evaluated.fault.code;
}

t.test("expressions compute over the context", async (t) => {
  for (const [expression, expected] of [
    ["inputs.count / 2", 3],
    ["double(inputs.count) / 2.0", 3.5],
    ["inputs.half + 0.5", 1],
    ["inputs.channel + '-' + host + string(index)", "beta-eu1"],
    ["inputs.hosts.map(h, h + '.example').join(',')", "eu.example,us.example"],
    ["inputs.hosts.filter(h, h != 'eu')", ["us"]],
    ["inputs.hosts + ['asia']", ["eu", "us", "asia"]],
    ["{'a': inputs.count, 'b': [true, null]}", { a: 7, b: [true, null] }],
    ["inputs.settings", { depth: 2, constructor: 5 }],
    ["inputs.settings.constructor", 5],
    ["inputs.settings.map(name, name).size()", 2],
    ["inputs.settings == {'constructor': 5, 'depth': 2}", "EXPR_SYNTAX"],
    ["inputs.none == []", true],
    ["steps.push.map(p, p == null ? 0 : p.outputs.size)", [3, 0]],
    ["steps.push[0].outputs.size", 3],
    ['steps["build-sbom"].status', "skipped"],
    ['has(steps["build-sbom"].outputs.sbom)', false],
    ["has(steps.scan.outputs.critical)", true],
    ["has(inputs.note) ? inputs.note : 'none'", "none"],
    ["true || inputs.nothing", true],
    ["9007199254740991", 9_007_199_254_740_991],
    ["-0.0", 0],
    ["'a\\u00e9'", "aé"],
    ["'x'.substring(0, 1).contains('')", true],
    ["run.id.size()", 4],
    ["1 < 1.5 && 2.0 > 1", true],
    ["null", null],
  ] as readonly (readonly [string, unknown])[]) {
    t.strictSame(value(expression), expected, expression);
  }
});

t.test("a list of steps is converted once, however many expressions look into it", async (t) => {
  let looks = 0;
  const looked = (n: number): Json =>
    Object.defineProperty({ status: "succeeded" }, "outputs", {
      enumerable: true,
      get: () => {
        looks += 1;
        return { n };
      },
    });
  const list = Array.from({ length: 50 }, (_, at) => looked(at));
  const rules = { inputs: new Set<string>(), outputs: new Map([["push", new Set(["n"])]]) };
  const sums = list.map((_, index) =>
    evaluateExpression(
      "steps.push[index].outputs.n + double(size(steps.push))",
      { index, steps: { push: list } },
      rules,
    ),
  );
  t.strictSame(sums.at(-1), { ok: true, value: 99 });
  const once = looks;
  t.ok(once <= 2 * list.length, "each item was looked at for one conversion");
  t.strictSame(
    evaluateExpression("steps.push[2].outputs.n / 4", { steps: { push: list } }),
    { ok: true, value: 0 },
    "without the rules of numbers, the same list gives ints",
  );
});

t.test("what has no value, no type or no number is a fault with its code", async (t) => {
  for (const [expression, code] of [
    ["steps.scan.outputs.absent", "EXPR_ABSENT"],
    ["steps.push[1].outputs.size", "EXPR_ABSENT"],
    ["inputs.hosts[2]", "EXPR_ABSENT"],
    ["inputs.hosts[-1]", "EXPR_ABSENT"],
    ["inputs.note", "EXPR_ABSENT"],
    ["nothing", "EXPR_ABSENT"],
    ["has(steps.gone.outputs.x)", "EXPR_ABSENT"],
    ["inputs.count / 0", "EXPR_NUMBER"],
    ["inputs.count % 0", "EXPR_NUMBER"],
    ["1.0 / 0.0", "EXPR_NUMBER"],
    ["0.0 / 0.0", "EXPR_NUMBER"],
    ["9007199254740991 + 1", "EXPR_NUMBER"],
    ["-9007199254740992", "EXPR_NUMBER"],
    ["9223372036854775807 + 1", "EXPR_NUMBER"],
    ["9223372036854775808", "EXPR_NUMBER"],
    ["1e300", "EXPR_NUMBER"],
    ["inputs.count + inputs.half", "EXPR_TYPE"],
    ["inputs.count + 'a'", "EXPR_TYPE"],
    ["inputs.count ? 1 : 2", "EXPR_TYPE"],
    ["int(inputs.channel)", "EXPR_TYPE"],
    ["bool(inputs.channel)", "EXPR_TYPE"],
    ["double(inputs.channel)", "EXPR_TYPE"],
    ["'\u{1f600}'.substring(0, 1)", "EXPR_TYPE"],
    ["inputs.channel.substring(9)", "EXPR_TYPE"],
  ] as const) {
    t.equal(value(expression), code, expression);
  }
});

t.test("no message repeats a value", async (t) => {
  const secret = "hunter2";
  for (const expression of [
    "int(inputs.s)",
    "bool(inputs.s)",
    "double(inputs.s)",
    "inputs.s + 1",
    "inputs.s[0]",
    "inputs.s.x",
  ]) {
    const evaluated = evaluateExpression(expression, { inputs: { s: secret } });
    t.notOk(JSON.stringify(evaluated).includes(secret), expression);
  }
});

t.test("values that nest too deep or grow too large are faults, not crashes", async (t) => {
  let deep: Json = 1;
  for (let depth = 0; depth < 50_000; depth += 1) {
    deep = [deep];
  }
  t.match(evaluateExpression("inputs.deep", { inputs: { deep } }), { ok: false, fault: { code: "EXPR_TYPE" } });
  const wide = Array.from({ length: 2000 }, () => 1);
  t.match(evaluateExpression("inputs.wide.map(x, [x, x] + inputs.wide)", { inputs: { wide } }), {
    ok: false,
    fault: { code: "EXPR_TYPE" },
  });
});

t.test("what is declared as number is a double, whatever its value", async (t) => {
  const plan = JSON.parse(golden("mirror.json")) as Plan;
  const declared: Plan = {
    ...plan,
    inputs: { ratio: { type: "number", value: 5 } },
    steps: plan.steps.map((node) =>
      node.kind === "run" ? { ...node, outputs: { ...node.outputs, share: { type: "number" } } } : node,
    ),
  };
  const seen = { inputs: { ratio: 5 }, steps: { split: { status: "succeeded", outputs: { share: 5, count: 5 } } } };
  const of = (expr: string): unknown => {
    const evaluated = evaluateTemplate({ $cel: [{ expr }] }, seen, declared);
    return evaluated.ok ? evaluated.value : evaluated.fault.code;
  };
  t.equal(of("inputs.ratio / 2.0"), 2.5);
  t.equal(of("inputs.ratio / 2"), "EXPR_TYPE");
  t.equal(of("steps.split.outputs.share / 2.0"), 2.5);
  t.equal(of("steps.split.outputs.count / 2"), 2);
  t.equal(of("inputs.ratio"), 5);
});

t.test("templates keep what is no expression, and print scalars into text", async (t) => {
  const cel = (...parts: readonly Json[]): Json => ({ $cel: parts });
  const of = (template: Json): unknown => {
    const evaluated = evaluateTemplate(template, context);
    return evaluated.ok ? evaluated.value : evaluated.fault.code;
  };
  t.strictSame(of({ a: [1, cel({ expr: "inputs.hosts" })], b: "${{ literal }}" }), {
    a: [1, ["eu", "us"]],
    b: "${{ literal }}",
  });
  t.equal(of(cel("n=", { expr: "inputs.count" }, " h=", { expr: "inputs.half" }, { expr: "true" })), "n=7 h=0.5true");
  t.equal(of(cel("n=", { expr: "inputs.hosts" })), "EXPR_TYPE");
  t.equal(of(cel("n=", { expr: "null" })), "EXPR_TYPE");
  t.equal(of([cel({ expr: "inputs.gone" })]), "EXPR_ABSENT");
});

t.test("what an expression gives is never looked into for expressions", async (t) => {
  const given = { $cel: [{ expr: "run.id" }] };
  t.strictSame(
    evaluateTemplate({ $cel: [{ expr: "inputs.object" }] }, { inputs: { object: given }, run: { id: "x" } }),
    {
      ok: true,
      value: given,
    },
  );
});

t.test("a condition is true or false, or a fault", async (t) => {
  const of = (template: Json): unknown => {
    const holds = evaluateCondition(template, context);
    return holds.ok ? holds.value : holds.fault.code;
  };
  t.equal(of(true), true);
  t.equal(of({ $cel: [{ expr: "steps.scan.outputs.critical == 0" }] }), true);
  t.equal(of({ $cel: [{ expr: "inputs.count" }] }), "EXPR_TYPE");
});

/** Integers beyond 2^53-1 are no values of expressions. */
const unsafe = (_name: string, value: unknown): unknown => {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new RangeError("unsafe");
  }
  return value;
};
const isSafe = (value: unknown): boolean => {
  try {
    return !/\\u(?:d[89a-f])|e\+|e-/i.test(JSON.stringify(value, unsafe));
  } catch {
    return false;
  }
};
const json = fc.jsonValue({ maxDepth: 4 }).filter(isSafe);

t.test("every JSON value that goes in comes out the same", async () => {
  fc.assert(
    fc.property(json, (given) => {
      const evaluated = evaluateExpression("inputs.x", { inputs: { x: given as Json } });
      const rebuilt = evaluateExpression("[inputs.x].map(y, y)", { inputs: { x: given as Json } });
      return (
        evaluated.ok &&
        rebuilt.ok &&
        canonicalJson(evaluated.value) === canonicalJson(given) &&
        canonicalJson(rebuilt.value) === canonicalJson([given])
      );
    }),
  );
});

t.test("no text whatever makes the evaluator throw", async () => {
  const word = fc.constantFrom(
    "inputs",
    ".",
    "x",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "1",
    "'a'",
    "+",
    "-",
    "?",
    ":",
    "has",
    "map",
    ",",
    "&&",
    "!",
    " ",
    "\\",
    "\u2028",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(word, { maxLength: 12 }).map((words) => words.join("")),
      ),
      (text) => {
        const evaluated = evaluateExpression(text, { inputs: { x: [1] } });
        return evaluated.ok || evaluated.fault.code.startsWith("EXPR_");
      },
    ),
    { numRuns: 500 },
  );
});
