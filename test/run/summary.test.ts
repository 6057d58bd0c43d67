import t from "tap";
import { runSummary } from "#run/summary.ts";
import { approval, map, parallel, planOf, run } from "./sample-plan.ts";
import { ScriptedRun, START } from "./scripted-run.ts";

t.test("a summary says of every step what the ledger says", (t) => {
  const retry = { retry: { maxAttempts: 2, initialMs: 0, factor: 1, maxMs: 0 } };
  const plan = planOf(
    [parallel("p", [run("a", retry), run("b")]), map("m", [1], [run("x")]), approval("ok"), run("z")],
    {
      finally: [run("f")],
      outputs: { n: { from: { $cel: [{ expr: "steps.a.outputs.n" }] } } },
    },
  );
  const n = { n: { type: "integer", value: 1 } } as const;
  const driven = new ScriptedRun(plan, { acts: { "a#1": 1, "a#2": { outputs: n } } }).go();
  t.strictSame(runSummary(driven.state), {
    status: "waiting",
    steps: [
      { id: "p", kind: "parallel", status: "succeeded", attempts: 0, durationMs: 30 },
      { id: "a", kind: "run", status: "succeeded", attempts: 2, durationMs: 5, outputs: n },
      { id: "b", kind: "run", status: "succeeded", attempts: 1, durationMs: 5, outputs: {} },
      { id: "m", kind: "map", status: "succeeded", attempts: 0, durationMs: 10 },
      { id: "m[0]::x", kind: "run", status: "succeeded", attempts: 1, durationMs: 5, outputs: {} },
      { id: "ok", kind: "gate.approval", status: "waiting", attempts: 0 },
      { id: "z", kind: "run", status: "pending", attempts: 0 },
      { id: "f", kind: "run", status: "pending", attempts: 0 },
    ],
    pendingGates: [{ id: "ok", approval: "ok", required: 2, have: 0, notAfter: START + 40 + 3_600_000 }],
    outputs: {},
  });
  driven.now += 1000;
  driven.decide("ok", "ann", "reject");
  driven.go();
  const { status, reason, steps, pendingGates, outputs } = runSummary(driven.state);
  t.strictSame([status, reason, pendingGates, outputs], ["failed", "GATE_REJECTED", [], n]);
  t.strictSame(steps.slice(5, 7), [
    { id: "ok", kind: "gate.approval", status: "failed", attempts: 0, reason: "GATE_REJECTED", durationMs: 1000 },
    { id: "z", kind: "run", status: "skipped", attempts: 0, reason: "UPSTREAM_FAILED" },
  ]);
  t.end();
});

t.test("a summary says what the last attempt used, whether it succeeded or failed", (t) => {
  const driven = new ScriptedRun(planOf([run("a"), run("b")]), { acts: { a: "hang", b: "hang" } });
  const usage = { hit: ["pids"], cpuMs: 7 };
  const egress = { requests: 1, bytesIn: 2, bytesOut: 3 };
  driven.step();
  const measured = { durationMs: 5, artifacts: [], usage, egress };
  driven.send({ kind: "ended", stepId: "a", attempt: 1, outcome: { kind: "succeeded", outputs: {}, ...measured } });
  driven.step();
  const broken = { kind: "failed", reason: "STEP_EXIT", hint: "look" } as const;
  driven.send({ kind: "ended", stepId: "b", attempt: 1, outcome: { ...broken, ...measured } });
  t.match(runSummary(driven.state).steps, [
    { id: "a", status: "succeeded", usage, egress },
    { id: "b", status: "failed", usage, egress },
  ]);
  t.end();
});

t.test("a step that was taken over says from where", (t) => {
  const driven = ScriptedRun.from(planOf([run("a"), run("b")]), { a: {} }).go();
  t.match(runSummary(driven.state).steps, [
    { id: "a", status: "succeeded", attempts: 0, durationMs: 0, reusedFrom: "01890a5d-ac96-774b-bcce-b302099a8058" },
    { id: "b", status: "succeeded", attempts: 1 },
  ]);
  t.end();
});
