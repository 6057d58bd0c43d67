import fc from "fast-check";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";
import type { Plan } from "#plan/plan.ts";
import { planDiffText } from "#view/plan-diff-text.ts";
import { isSamePlan, planDiff } from "#view/plan-diff.ts";
import { parallel, planOf, run, type Sketch } from "../run/sample-plan.ts";
import { branchesPlan, mirrorPlan } from "./sample-plans.ts";

t.test("the same plan differs in nothing", async (t) => {
  const diff = planDiff(mirrorPlan(), mirrorPlan());
  t.ok(isSamePlan(diff));
  t.equal(planDiffText(diff), "no differences: both plans are the same, byte for byte\n");
});

t.test("nodes are told by their ids, with the places and values that differ inside them", async (t) => {
  const before = planOf([run("a"), run("b", { command: ["cp", "x", "y"] }), run("c")]);
  const after = planOf([run("a"), run("b", { command: ["cp", "z"], timeoutMs: 5 }), run("new")], {
    finally: [run("c")],
  });
  const { nodes, inputs, other, order } = planDiff(before, after);
  t.strictSame(nodes.added, [
    { section: "steps", id: "new", kind: "run" },
    { section: "finally", id: "c", kind: "run" },
  ]);
  t.strictSame(nodes.removed, [{ section: "steps", id: "c", kind: "run" }]);
  t.strictSame(nodes.changed, [
    {
      section: "steps",
      id: "b",
      kind: "run",
      changes: [
        { pointer: "/command/1", before: "x", after: "z" },
        { pointer: "/command/2", before: "y" },
        { pointer: "/timeoutMs", before: 60_000, after: 5 },
      ],
    },
  ]);
  t.strictSame([inputs, other, order], [[], [], undefined]);
});

t.test("inputs and everything else are told by their pointers in the plan", async (t) => {
  const before = branchesPlan();
  const after: Plan = {
    ...before,
    inputs: { count: { type: "integer", value: 4 }, name: { type: "string", value: "a/b~c" } },
    sandbox: { ...before.sandbox, limits: { ...before.sandbox.limits, cpus: 1 } },
  };
  const diff = planDiff(before, after);
  t.match(diff.inputs, [
    { pointer: "/inputs/count/value", before: 3, after: 4 },
    { pointer: "/inputs/data", before: { name: "data.tar" } },
    { pointer: "/inputs/name", after: { type: "string", value: "a/b~c" } },
  ]);
  t.strictSame(diff.other, [{ pointer: "/sandbox/limits/cpus", before: 2, after: 1 }]);
  t.equal(
    planDiffText({ ...diff, inputs: diff.inputs.slice(0, 1) }),
    "~ /inputs/count/value\n    - 3\n    + 4\n~ /sandbox/limits/cpus\n    - 2\n    + 1\n",
  );
});

t.test("another order of the same nodes is a difference", async (t) => {
  const diff = planDiff(planOf([parallel("p", [run("a"), run("b")])]), planOf([parallel("p", [run("b"), run("a")])]));
  t.strictSame(diff.order, { before: ["p", "a", "b"], after: ["p", "b", "a"] });
  t.equal(planDiffText(diff), "~ order of the nodes\n    - p, a, b\n    + p, b, a\n");
});

t.test("the text marks what came, went and changed, and shows no control character", async (t) => {
  const before = planOf([run("a"), run("b")]);
  const after = planOf([run("a", { command: ["\u001b[2J"] })], { finally: [run("c")] });
  t.equal(
    planDiffText(planDiff(before, after)),
    [
      "- b (run)",
      "+ finally c (run)",
      "~ a (run)",
      "    ~ /command/0",
      '        - "true"',
      '        + "\\u001b[2J"',
      "",
    ].join("\n"),
  );
});

t.test("a comparison is empty exactly when the canonical bytes are the same", async () => {
  const steps: fc.Arbitrary<readonly Sketch[]> = fc
    .uniqueArray(fc.record({ id: fc.constantFrom("a", "b", "c"), timeoutMs: fc.constantFrom(1, 2) }), {
      selector: ({ id }) => id,
    })
    .map((found) => found.map(({ id, timeoutMs }) => run(id, { timeoutMs })));
  const plan = fc
    .record({ steps, last: steps, n: fc.constantFrom(1, 2) })
    .map(({ steps: main, last, n }) =>
      planOf([parallel("p", main)], { finally: last, inputs: { n: { type: "integer", value: n } } }),
    );
  fc.assert(
    fc.property(plan, plan, (a, b) => isSamePlan(planDiff(a, b)) === (canonicalJson(a) === canonicalJson(b))),
    { numRuns: 300 },
  );
});
