import fc from "fast-check";
import t from "tap";
import { parse, stringify } from "yaml";
import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { misfitsOf } from "#canon/shape.ts";
import { lintPlan } from "#plan/compile-plan.ts";
import { planShape, type Plan, type PlanNode } from "#plan/plan.ts";
import {
  compileText,
  digestOfDigits,
  findingsIn,
  golden,
  packAround,
  packOf,
  planOf,
  sampleBuiltIns,
  sampleFiles,
  sampleInputs,
  saysIn,
  sha256,
  valueOf,
  type Given,
} from "./sample-plan.ts";

const mirrorInputs: Given = {
  db: { type: "file", name: "db.tar", size: 10_240, digest: digestOfDigits("9a") },
  hosts: { type: "array", value: ["eu", "us"] },
};
const fullInputs: Given = {
  artifact: { type: "file", name: "release.tar", size: 12, digest: digestOfDigits("a1") },
  source: { type: "directory", name: "src", digest: digestOfDigits("a2") },
  channel: { type: "string", value: "beta" },
  count: { type: "integer", value: 3 },
  ratio: { type: "number", value: 2 },
  dry: { type: "boolean", value: false },
  hosts: {
    type: "array",
    value: [
      { name: "eu", ports: [80] },
      { name: "us", ports: [] },
    ],
  },
  settings: { type: "object", value: { "10": "ten", "9": "nine", nested: { on: true } } },
};

t.test("the documented example compiles to exactly its plan", async (t) => {
  t.strictSame(planOf(golden("mirror.yaml"), mirrorInputs), JSON.parse(golden("mirror.json")));
});

t.test("a pack that says everything compiles to its golden plan, which fits the shape of a plan", async (t) => {
  const plan = planOf(golden("full.yaml"), fullInputs);
  t.strictSame(misfitsOf(planShape, plan), []);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    const { writeFileSync } = await import("node:fs");
    writeFileSync(new URL("golden/full.json", import.meta.url), `${JSON.stringify(plan, undefined, 2)}\n`);
  }
  t.strictSame(plan, JSON.parse(golden("full.json")));
});

t.test("the plan hash is the SHA-256 of the bytes, which are the canonical form of the plan", async (t) => {
  const compiled = compileText(golden("full.yaml"), fullInputs);
  t.ok(compiled.ok);
  if (compiled.ok) {
    const { plan, bytes, planHash } = compiled.value;
    t.equal(new TextDecoder().decode(bytes), canonicalJson(plan));
    t.equal(planHash, digestOf(bytes, sha256));
  }
});

/** The same data with the members of every object in another order. */
function shuffled(value: unknown, order: (names: readonly string[]) => readonly string[]): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => shuffled(item, order));
  }
  if (typeof value !== "object" || value === null) {
    return value;
  }
  const members = value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(order(Object.keys(members)).map((name) => [name, shuffled(members[name], order)]));
}

t.test("neither the order of members nor that of inputs changes a byte", async () => {
  const pack: unknown = parse(golden("full.yaml"), { uniqueKeys: false });
  const expected = compileText(golden("full.yaml"), fullInputs);
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), (numbers: Iterator<number, undefined>) => {
      const order = (names: readonly string[]): readonly string[] =>
        names
          .map((name) => ({ name, key: numbers.next().value ?? 0 }))
          .sort((a, b) => a.key - b.key)
          .map(({ name }) => name);
      const inputs = shuffled(fullInputs, order) as Given;
      const compiled = compileText(stringify(shuffled(pack, order)), inputs);
      return expected.ok && compiled.ok && compiled.value.planHash === expected.value.planHash;
    }),
    { numRuns: 12 },
  );
});

const nodeOf = (plan: Plan, id: string): PlanNode | undefined =>
  [...plan.steps, ...plan.finally].find((node) => node.id === id);

t.test("what depends on inputs and pack alone is folded, all else stays whole", async (t) => {
  t.equal(valueOf("inputs.count + 1"), 4);
  t.equal(valueOf("inputs.ratio / 4.0"), 0.5, "a declared number is a double, even when it is 2");
  t.equal(valueOf("inputs.ratio"), 2);
  t.strictSame(valueOf("inputs.settings"), { depth: 2, "9": "nine", "10": "ten" });
  t.equal(valueOf("inputs.archive.path"), "/run/packrun/inputs/archive/a b.tar");
  t.equal(valueOf("inputs.tree.path"), "/run/packrun/inputs/tree/src");
  t.strictSame(valueOf("inputs.archive"), { type: "file", name: "a b.tar", size: 7, digest: digestOfDigits("aa") });
  t.strictSame(valueOf(" run.id \t"), { $cel: [{ expr: "run.id" }] }, "trimmed of ASCII white space");
  t.strictSame(valueOf("inputs.channel + run.id"), { $cel: [{ expr: "inputs.channel + run.id" }] });
  t.equal(valueOf("has(inputs.note) ? inputs.note : 'none'"), "none");
  t.equal(valueOf("pack.name + ' ' + pack.version"), "acme/sample 1.2.3");
});

t.test("text around expressions folds together or stays together", async (t) => {
  const plan = planOf(
    packAround(`
- {id: a, run: {command: ["true"]}, outputs: {n: {type: integer}}}
- id: b
  run: {command: [echo, "\${{ inputs.channel }}/\${{ inputs.count }}", "\${{ inputs.channel }}/\${{ steps.a.outputs.n }}", "$\${{ x }}", "a$\${{\${{ inputs.dry }}}}"]}
  stdin: "\${{ inputs.ratio }}"`),
    sampleInputs,
  );
  t.match(nodeOf(plan, "b"), {
    command: [
      "echo",
      "beta/3",
      { $cel: [{ expr: "inputs.channel" }, "/", { expr: "steps.a.outputs.n" }] },
      "${{ x }}",
      "a${{false}}",
    ],
    stdin: "2",
  });
});

t.test("conditions that depend on inputs become true or false", async (t) => {
  const plan = planOf(
    packAround(`
- {id: a, when: "\${{ inputs.dry }}", run: {command: ["true"]}}
- {id: b, when: "\${{ inputs.count == 3 }}", parallel: {steps: [{id: c, run: {command: ["true"]}}]}}
- {id: d, when: "\${{ steps.a.status == 'skipped' }}", gate: {policy: always}}`),
    sampleInputs,
  );
  t.match(
    plan.steps.map((node) => ("when" in node ? node.when : undefined)),
    [false, true, undefined, { $cel: [{ expr: "steps.a.status == 'skipped'" }] }],
  );
});

t.test("a map says how many items it can have", async (t) => {
  const map = (rest: string): string =>
    packAround(`
- {id: find, run: {command: ["true"]}, outputs: {hosts: {type: array}}}
- {id: each, map: {${rest}, steps: [{id: one, run: {command: ["true"]}}]}}`);
  const known = 'items: "${{ inputs.hosts }}"';
  const open = 'items: "${{ steps.find.outputs.hosts }}"';
  t.match(nodeOf(planOf(map(known), sampleInputs), "each"), { items: ["eu", "us"], maxItems: 2, as: "item" });
  t.match(nodeOf(planOf(map(`${known}, maxItems: 9`), sampleInputs), "each"), { maxItems: 2 });
  t.match(nodeOf(planOf(map(`${open}, maxItems: 9`), sampleInputs), "each"), { maxItems: 9 });
  t.strictSame(saysIn(map(open)), ["PLAN_MAP_UNBOUNDED items"]);
  t.strictSame(saysIn(map(`${known}, maxItems: 1`)), ["PLAN_MAP_TOO_MANY 1"]);
  t.strictSame(saysIn(map("items: [1, 2], maxItems: 1")), ["PLAN_MAP_TOO_MANY 1"]);
});

t.test("a built-in gets what its shape asks for, as far as it is known", async (t) => {
  const says = (given: string, outputs = ""): readonly string[] =>
    saysIn(
      packAround(`- {id: a, run: {command: ["true"]}}\n- {id: b, run: {uses: stage.file, with: ${given}}${outputs}}`),
    );
  t.strictSame(says("{source: data/feeds.tar}"), []);
  t.strictSame(says('{source: "${{ steps.a.status }}"}'), []);
  t.strictSame(says("{source: data/gone.tar}"), ["PACK_FILE_MISSING data/gone.tar"]);
  t.strictSame(says("{source: 1}"), ["PACK_TYPE 1"]);
  t.strictSame(says('{source: "${{ inputs.count }}"}'), ['PACK_TYPE "${{ inputs.count }}"']);
  t.strictSame(
    says('{source: "${{ inputs.nowhere }}"}'),
    ["EXPR_UNKNOWN inputs.nowhere"],
    "what is wrong with an expression is said once, not again of its value",
  );
  t.strictSame(says("{}"), ["PACK_MISSING_FIELD with"]);
  t.strictSame(says("{source: data/feeds.tar, nmae: x}"), ["PACK_UNKNOWN_FIELD nmae"]);
  t.strictSame(says("{source: data/feeds.tar, checksum: none}"), ["SAMPLE_REFUSED none"]);
  t.strictSame(says("{source: data/feeds.tar}", ", outputs: {more: {file: x}}"), ["PACK_VALUE outputs"]);
  t.strictSame(saysIn(packAround("- {id: b, run: {uses: stage.fiel, with: {}}}")), ["PACK_VALUE stage.fiel"]);
});

t.test("a finding stands in its line of a block, with what to do", async (t) => {
  const text = packAround(`
- id: a
  when: >-
    \${{ inputs.count == 3
    && (inputs.dry ? 'yes' : 1) == 'yes' }}
  run: {command: ["true"]}`);
  t.strictSame(saysIn(text), ["EXPR_TYPE inputs.dry ? 'yes' : 1"]);
  t.match(findingsIn(text)[0], { message: /two results of one type/, hint: /write dyn\(\) around it/ });
});

t.test(
  "what cannot be text says what makes text of it, and an expression without an end what may have ended it",
  async (t) => {
    const text = packAround(`
- {id: a, env: {A: "x \${{ inputs.hosts }}", B: "\${{ string(inputs.settings) }}", C: "\${{ inputs.settings }}"}, run: {command: [a]}}
- {id: b, env: {A: "\${{ inputs.hosts.join("}, run: {command: [b]}}`);
    const hints = findingsIn(text).map(({ hint }) => hint);
    t.match(hints, [
      /^\.join\(','\) makes one text/,
      /^an object has no text/,
      /^an object has no text/,
      /the whole text in '…'/,
    ]);
  },
);

t.test("findings stand at the expression, and all of them come at once", async (t) => {
  const text = packAround(`
- {id: a, run: {command: [echo, "x \${{ inputs.chanel }} \${{ 1 + }}"]}, when: "\${{ inputs.count }}"}
- {id: b, env: {A: "\${{ inputs.note }}"}, run: {command: [echo, "\${{ 1 / 0 }}", "\${{ 'open"]}}`);
  t.strictSame(saysIn(text), [
    "EXPR_UNKNOWN inputs.chanel",
    "EXPR_SYNTAX  ",
    "EXPR_TYPE inputs.count",
    "EXPR_ABSENT inputs.note",
    "EXPR_NUMBER 1 / 0",
    "EXPR_SYNTAX 'open",
  ]);
  t.match(findingsIn(text)[3], { hint: /^give input "note"/ });
});

t.test("policies are checked from every gate, and once each", async (t) => {
  const withPolicy = (expression: string, steps: string): readonly string[] =>
    saysIn(
      packAround(steps).replace(
        'always: {engine: cel, expression: "true"}',
        `always: {engine: cel, expression: "true"}, asked: {engine: cel, expression: ${JSON.stringify(expression)}}`,
      ),
    );
  const gate = "- {id: g, gate: {policy: asked, with: {limit: 1}}}";
  t.strictSame(withPolicy("with.limit > 0 && inputs.count > 1 && run.id != ''", gate), []);
  t.strictSame(withPolicy("inputs.count", gate), ["EXPR_TYPE inputs.count"]);
  t.strictSame(withPolicy("with.limt > 0", gate), ["EXPR_UNKNOWN with.limt"]);
  t.strictSame(withPolicy("host == 1", gate), ["EXPR_UNKNOWN host"]);
  t.strictSame(withPolicy("1 +", "- {id: a, run: {command: [x]}}"), ["EXPR_SYNTAX "], "also one that nobody uses");
  const unused = `- {id: late, run: {command: [x]}, outputs: {n: {type: integer}}}
- {id: m, map: {items: [1], steps: [{id: one, run: {command: [x]}}]}}`;
  for (const [expression, found] of [
    ["inputs.nope == 1", ["EXPR_UNKNOWN inputs.nope"]],
    ["steps.nope.status == 'x'", ["EXPR_UNKNOWN steps.nope"]],
    ["steps.late.outputs.m == 1", ["EXPR_UNKNOWN steps.late.outputs.m"]],
    ["inputs.count", ["EXPR_TYPE inputs.count"]],
    ["steps.late.outputs.n == 'x'", ["EXPR_TYPE steps.late.outputs.n == 'x'"]],
    ["with.any > 1 && steps.late.outputs.n == 1 && inputs.count > 1 && run.id != ''", []],
    ["steps.one.status == 'x' || steps.one[0].status == 'x'", []],
  ] as const) {
    t.strictSame(withPolicy(expression, unused), found, `${expression}, where nobody uses it`);
  }
  t.strictSame(withPolicy("inputs.nope == 1", `${gate}\n- {id: h, gate: {policy: asked, with: {limit: 1}}}`), [
    "EXPR_UNKNOWN inputs.nope",
  ]);
});

t.test("secrets name the steps that use them, in canonical order", async (t) => {
  const plan = planOf(
    packAround(`
- {id: m, map: {items: [1], steps: [{id: in, env: {T: {secret: token}, U: {secret: token}}, run: {command: ["true"]}}]}}
- {id: after, env: {T: {secret: token, as: file}}, run: {command: ["true"]}}`),
    sampleInputs,
  );
  t.strictSame(plan.secrets, { token: { steps: ["m[*]::in", "after"] }, spare: { steps: [] } });
});

t.test("linting finds what no inputs can mend, and nothing else", async (t) => {
  const lint = (text: string, inputs: Given = {}): readonly string[] =>
    lintPlan({
      pack: packOf(text),
      packDigest: digestOfDigits("3f"),
      packFiles: sampleFiles,
      inputs,
      builtIns: sampleBuiltIns,
      sha256,
    }).map(({ code }) => code);
  const steps = (expression: string): string =>
    packAround(`- {id: a, env: {A: "\${{ ${expression} }}"}, run: {command: ["true"]}}
- {id: m, map: {items: "\${{ inputs.hosts }}", steps: [{id: b, run: {command: ["true"]}}]}}`);
  t.strictSame(lint(steps("inputs.channel + string(10 / inputs.count)")), []);
  t.strictSame(lint(steps("string(1 / inputs.count)"), { count: { type: "integer", value: 0 } }), ["EXPR_NUMBER"]);
  t.strictSame(lint(steps("inputs.count + inputs.ratio")), ["EXPR_TYPE"]);
  t.strictSame(lint(steps("inputs.chanel")), ["EXPR_UNKNOWN"]);
  t.strictSame(lint(steps("1 / 0")), ["EXPR_NUMBER"]);
  t.strictSame(lint(golden("full.yaml")), []);
});
