import t from "tap";
import { initialState } from "#run/state.ts";
import { turn } from "#run/turn.ts";
import { runningAttempts } from "#run/running-attempts.ts";
import { approval, digestOfText, identityOf, map, parallel, planOf, run, sha256 } from "./sample-plan.ts";
import { ScriptedRun, START } from "./scripted-run.ts";

const drifted = { kind: "drifted", node: "b", pointer: "/command/0", hint: "the pack was edited" } as const;
const refused = { kind: "refused", reason: "SANDBOX_LIMIT", hint: "no cgroups here" } as const;
const created = {
  requestedBy: "operator",
  requestDigest: digestOfText("request"),
  inputsLock: digestOfText("lock"),
  packDigest: digestOfText("pack"),
  packSource: "folder",
} as const;
const hanging = { acts: { a: "hang" } } as const;

t.test("a ledger begins with its creation, the lease, the verified plan and the start", (t) => {
  const driven = new ScriptedRun(planOf([run("a")])).takeOver();
  t.strictSame(driven.trace(), [
    "run.created",
    "lease.acquired",
    "plan.verified",
    "run.started",
    "lease.acquired",
    "run.resumed",
    "plan.verified",
  ]);
  t.end();
});

t.test("nothing happens before the creation, and it happens once", (t) => {
  const plan = planOf([run("a")]);
  const state = initialState(plan, identityOf(plan));
  const moment = { now: START, sha256 };
  t.strictSame(turn(state, [{ id: "1", kind: "acquire", owner: "x", fence: 1 }], moment), []);
  t.equal(turn(state, [{ id: "2", kind: "create", metadata: created }], moment).length, 1);
  t.strictSame(turn(state, [{ id: "3", kind: "create", metadata: created }], moment), []);
  t.strictSame(turn(state, [{ id: "4", kind: "verified", engine: { name: "p", version: "0" } }], moment), []);
  t.end();
});

t.test("a lease that is not newer, and a second verification under it, decide nothing", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  t.strictSame(driven.send({ kind: "acquire", owner: "old", fence: 1 }), []);
  t.strictSame(driven.send({ kind: "verified", engine: { name: "p", version: "0" } }), []);
  t.end();
});

t.test("nothing goes on under a new lease before the plan was verified under it", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  driven.send({ kind: "acquire", owner: "next", fence: 2 });
  t.strictSame(driven.todo(), []);
  t.strictSame(driven.send({ kind: "start", stepId: "a", attempt: 1, secrets: [] }), []);
  t.end();
});

t.test("a run made from another takes over finished steps, in canonical order and without attempts", (t) => {
  const plan = planOf([parallel("p", [run("a"), run("b")]), map("m", [1, 2], [run("x")]), run("z")]);
  const state = initialState(plan, identityOf(plan));
  const outputs = { n: { type: "integer", value: 1 } } as const;
  const reused = { "m[1]::x": outputs, b: {}, nobody: {}, p: {} };
  const metadata = { ...created, from: "01890a5d-ac96-774b-bcce-b302099a8058" };
  const events = turn(state, [{ id: "1", kind: "create", metadata, reused }], { now: START, sha256 });
  t.strictSame(
    events.map(({ eventType, stepId, attempt }) => [eventType, stepId, attempt]),
    [
      ["run.created", undefined, undefined],
      ["step.succeeded", "b", undefined],
      ["step.succeeded", "m[1]::x", undefined],
    ],
  );
  t.match(events[2]?.metadata, { reusedFrom: metadata.from, outputs, durationMs: 0 });
  t.end();
});

t.test("what was taken over does not run again", (t) => {
  const plan = planOf([parallel("p", [run("a"), run("b")]), map("m", [1, 2], [run("x"), run("y")]), run("z")]);
  const reused = { b: {}, "m[1]::x": {}, "m[0]::x": {}, "m[0]::y": {} };
  const driven = ScriptedRun.from(plan, reused).go();
  t.equal(driven.end(), "succeeded");
  t.strictSame(
    driven.trace().filter((line) => line.includes("step.started")),
    ["a step.started #1", "m[1]::y step.started #1", "z step.started #1"],
  );
  t.end();
});

t.test("a run whose steps were all taken over only runs finally", (t) => {
  const plan = planOf([parallel("p", [run("a")]), map("m", [1], [run("x")])], { finally: [run("f")] });
  const driven = ScriptedRun.from(plan, { a: {}, "m[0]::x": {} }).go();
  t.strictSame(driven.statuses(), ["p succeeded", "a succeeded", "m succeeded", "m[0]::x succeeded", "f succeeded"]);
  t.end();
});

t.test("drift stops the run, and finally does not run", (t) => {
  const plan = planOf([run("a"), run("b"), map("m", [1], [run("x")])], { finally: [run("f")] });
  const driven = new ScriptedRun(plan, hanging).go();
  const [event] = driven.send(drifted);
  t.match(event, { eventType: "plan.drift", level: "error", metadata: { code: "PLAN_DRIFT", node: "b" } });
  driven.go();
  t.equal(driven.end(), "failed PLAN_DRIFT");
  t.strictSame(driven.statuses(), [
    "a cancelled PLAN_DRIFT",
    "b skipped RUN_STOPPING",
    "m skipped RUN_STOPPING",
    "f skipped RUN_STOPPING",
  ]);
  t.strictSame(driven.send(drifted), []);
  t.end();
});

t.test("drift that is found on resume ends what an earlier driver left behind", (t) => {
  const plan = planOf([run("a"), run("b")], { finally: [run("f")] });
  const driven = new ScriptedRun(plan, hanging).go();
  driven.send({ kind: "acquire", owner: "next", fence: 2 }, drifted);
  t.equal(driven.end(), "failed PLAN_DRIFT");
  t.strictSame(driven.trace().slice(-7), [
    "run.resumed",
    "plan.drift",
    "a step.lost #1",
    "a step.cancelled #1",
    "b step.skipped",
    "f step.skipped",
    "run.finished",
  ]);
  t.end();
});

t.test("drift ends a run that waits", (t) => {
  const driven = new ScriptedRun(planOf([approval("ok")])).go();
  driven.send({ kind: "acquire", owner: "next", fence: 2 }, drifted);
  t.equal(driven.end(), "failed PLAN_DRIFT");
  t.end();
});

t.test("a sandbox that cannot be enforced ends the run before it started", (t) => {
  const plan = planOf([run("a"), parallel("p", [run("b")])], { finally: [run("f")] });
  const state = initialState(plan, identityOf(plan));
  const commands = [
    { id: "1", kind: "create", metadata: created },
    { id: "2", kind: "acquire", owner: "x", fence: 1 },
    { id: "3", ...refused },
  ] as const;
  const events = turn(state, commands, { now: START, sha256 });
  t.strictSame(
    events.map(({ eventType, stepId }) => [eventType, stepId].filter(Boolean).join(" ")),
    ["run.created", "lease.acquired", "step.skipped a", "step.skipped p", "step.skipped f", "run.finished"],
  );
  t.equal(state.reason, "SANDBOX_LIMIT");
  t.end();
});

t.test("a sandbox that cannot be enforced on resume ends what was left behind", (t) => {
  const driven = new ScriptedRun(planOf([run("a"), run("b")]), hanging).go();
  driven.send({ kind: "acquire", owner: "next", fence: 2 }, refused, { kind: "lost", stepId: "a", attempt: 1 });
  t.strictSame(driven.statuses(), ["a cancelled SANDBOX_LIMIT", "b skipped RUN_STOPPING"]);
  t.equal(driven.end(), "failed SANDBOX_LIMIT");
  t.end();
});

t.test("a run that had failed before keeps its reason when the sandbox cannot be enforced", (t) => {
  const plan = planOf([parallel("p", [run("a"), run("b")])]);
  const driven = new ScriptedRun(plan, { acts: { a: "hang", b: 4 } }).go();
  driven.send({ kind: "acquire", owner: "next", fence: 2 }, refused);
  t.equal(driven.end(), "failed STEP_EXIT");
  t.end();
});

t.test("a cancel is recorded once under its id, and nobody speaks for the run's own timers", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]), hanging).go();
  const cancel = { kind: "cancel", by: "operator", reason: "not now" } as const;
  t.strictSame(driven.sendAs({ id: "timer:wall-clock", ...cancel }), []);
  t.match(driven.sendAs({ id: "x1", ...cancel }), [
    { metadata: { commandId: "x1", by: "operator", reason: "not now" } },
  ]);
  t.strictSame(driven.sendAs({ id: "x1", ...cancel }), []);
  t.end();
});

t.test("the wall clock is recorded as the engine's own cancel", (t) => {
  const plan = planOf([run("a")], { sandbox: { ...planOf([]).sandbox, wallClockMs: 5000 } });
  const driven = new ScriptedRun(plan, hanging);
  t.equal(driven.todo().find((effect) => effect.kind === "timer")?.dueAt, START + 5000);
  driven.go();
  t.match(driven.events.find((event) => event.eventType === "run.cancelRequested")?.metadata, {
    commandId: "timer:wall-clock",
    by: "engine",
    reason: "RUN_WALL_CLOCK",
  });
  t.end();
});

t.test("timestamps never go back with the clock", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]), hanging).go();
  driven.now -= 50_000;
  const [event] = driven.cancel().events.slice(-1);
  t.equal(event?.timestamp, "2026-01-05T08:00:00.000Z");
  t.strictSame(runningAttempts(driven.state), [{ stepId: "a", attempt: 1 }]);
  t.end();
});
