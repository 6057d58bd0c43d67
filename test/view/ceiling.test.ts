import t from "tap";
import { ceilingOf, longestMs, retryWaits } from "#view/ceiling.ts";
import { approval, cel, map, parallel, planOf, run } from "../run/sample-plan.ts";

const takes = (timeoutMs: number, more = {}) => ({ timeoutMs, ...more });
const wide = { maxAttempts: 1, initialMs: 1000, factor: 2, maxMs: 3000 };

t.test("a step takes all its attempts and the longest waits between them", async (t) => {
  const retry = { ...wide, maxAttempts: 4 };
  t.strictSame(retryWaits({ retry }), [1200, 2400, 3600]);
  const [node] = planOf([run("a", takes(10, { retry }))]).steps;
  t.equal(node?.kind === "run" ? longestMs(node) : 0, 4 * 10 + 7200);
});

t.test("the longest path counts before finally, finally after it, the wall clock above the first alone", async (t) => {
  const steps = [
    run("a", takes(10)),
    parallel("p", [run("b", takes(5)), run("c", takes(7, { needs: ["b"] })), run("d", takes(9))]),
  ];
  const plan = planOf(steps, { finally: [run("e", takes(3)), run("f", takes(4))] });
  const { longestPathMs, finallyMs, totalMs, inSequenceMs, attempts } = ceilingOf(plan);
  t.strictSame(
    { longestPathMs, finallyMs, totalMs, inSequenceMs, attempts },
    {
      longestPathMs: 22,
      finallyMs: 7,
      totalMs: 29,
      inSequenceMs: 38,
      attempts: 6,
    },
  );
  const bounded = ceilingOf({ ...plan, sandbox: { ...plan.sandbox, wallClockMs: 12 } });
  t.match(bounded, { wallClockMs: 12, totalMs: 19, inSequenceMs: 19 });
});

t.test("needs may name later siblings", async (t) => {
  const plan = planOf([parallel("p", [run("b", takes(5, { needs: ["a"] })), run("a", takes(2))])]);
  t.equal(ceilingOf(plan).longestPathMs, 7);
});

t.test("a limit on what runs side by side makes the path longer, never longer than one by one", async (t) => {
  const four = [1, 2, 3, 4];
  const one = [run("x", takes(10))];
  t.equal(ceilingOf(planOf([map("m", four, one)])).longestPathMs, 10);
  t.equal(ceilingOf(planOf([map("m", four, one, { maxParallel: 1 })])).longestPathMs, 40);
  t.equal(ceilingOf(planOf([map("m", four, one, { maxParallel: 2 })])).longestPathMs, 25);
  t.equal(ceilingOf(planOf([map("m", four, one, { maxParallel: 4 })])).longestPathMs, 10);
  const mixed = planOf([
    parallel("p", [run("a", takes(10)), run("b", takes(1)), run("c", takes(1))], { maxParallel: 1 }),
  ]);
  t.equal(ceilingOf(mixed).longestPathMs, 12);
});

t.test("a map that may grow counts with all the items that it may have", async (t) => {
  const ceiling = ceilingOf(planOf([map("m", cel("steps.a.outputs.l"), [run("x", takes(10))], { maxItems: 6 })]));
  t.match(ceiling, { longestPathMs: 10, inSequenceMs: 60, attempts: 6 });
  t.match(ceilingOf(planOf([map("m", [], [run("x", takes(10))])])), { longestPathMs: 0, inSequenceMs: 0, attempts: 0 });
});

t.test("what the plan itself leaves out takes no time, and waiting for people is told apart", async (t) => {
  const plan = planOf([
    run("a", takes(10, { when: false })),
    approval("x"),
    parallel("p", [approval("y"), approval("z")]),
  ]);
  t.match(ceilingOf(plan), { totalMs: 0, attempts: 0, approvalsMs: 7_200_000 });
  t.notOk("egress" in ceilingOf(plan));
});
