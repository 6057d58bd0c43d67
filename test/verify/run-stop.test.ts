import t from "tap";
import type { Plan } from "#plan/plan.ts";
import type { LedgerEvent } from "#run/event.ts";
import { planTree } from "#verify/plan-tree.ts";
import { RunOrder } from "#verify/run-order.ts";
import { approval, cel, map, parallel, planOf, policy, run, sha256 } from "../run/sample-plan.ts";
import { ScriptedRun, type Script } from "../run/scripted-run.ts";

type Change = { readonly eventType: LedgerEvent["eventType"]; readonly [member: string]: unknown };

function orderOf(plan: Plan): RunOrder {
  const tree = planTree(plan);
  if (typeof tree === "string") {
    throw new Error(tree);
  }
  return new RunOrder(plan, tree, sha256);
}

/** The first thing that is wrong with these events, in words. */
function firstWrong(plan: Plan, events: readonly LedgerEvent[]): string | undefined {
  const order = orderOf(plan);
  return events.map((event) => order.take(event)?.problem).find((problem) => problem !== undefined);
}

const drain = { failurePolicy: { onFailure: "drain" } } as const;

/** A run's events, with this one right behind the first that `after` fits. */
function withEvent(events: readonly LedgerEvent[], after: (event: LedgerEvent) => boolean, added: Change) {
  const at = events.findIndex(after);
  const model = events[at];
  if (model === undefined) {
    throw new Error("no such event");
  }
  return [...events.slice(0, at + 1), { ...model, metadata: {}, ...added } as LedgerEvent];
}

/** Everything that is at hand at once, each ready to begin. */
const ready = parallel("p", [
  run("a"),
  run("b", { retry: { maxAttempts: 3, initialMs: 1, factor: 1, maxMs: 1 } }),
  run("c", { needs: ["b"] }),
  map("m", [1], [run("x")], { needs: [] }),
  approval("g"),
  policy("q"),
]);
const items = "sha256:ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356";
const beginnings: readonly Change[] = [
  { eventType: "step.started", stepId: "c", attempt: 1 },
  { eventType: "map.expanded", stepId: "m", attempt: undefined, metadata: { count: 1, items } },
  { eventType: "gate.opened", stepId: "g", attempt: undefined },
  { eventType: "policy.evaluated", stepId: "q", attempt: undefined, metadata: { allowed: true } },
];

t.test("a failure stops the run where its policy says so, and only an unshielded one of steps does", async (t) => {
  const script: Script = { acts: { a: 1, b: "hang", "m[0]::x": "hang" }, maxParallel: 2 };
  for (const onFailure of ["drain", "cancel", "skip-dependents"] as const) {
    const plan = planOf([ready], { failurePolicy: { onFailure } });
    const { events } = new ScriptedRun(plan, script).go();
    t.equal(firstWrong(plan, events), undefined);
    const isFailure = ({ eventType, stepId }: LedgerEvent) => eventType === "step.failed" && stepId === "a";
    const retry = { eventType: "step.retry", stepId: "b", attempt: 1, metadata: { reason: "STEP_EXIT" } } as const;
    const tampered = firstWrong(plan, withEvent(events, isFailure, retry));
    t.equal(tampered, onFailure === "skip-dependents" ? undefined : "b goes on although a failed", onFailure);
  }
  const shielded = planOf([parallel("p", [run("a")], { continueOnError: true }), run("b")], drain);
  const { events, end } = ended(shielded, { acts: { a: 1 } });
  t.equal(firstWrong(shielded, events), undefined);
  t.equal(end, "succeeded");
});

function ended(plan: Plan, script: Script) {
  const driven = new ScriptedRun(plan, script).go();
  return { events: driven.events, end: driven.end() };
}

t.test("nothing of any kind begins after a cancel, a drift or the wall clock", async (t) => {
  const plan = planOf([run("z"), ready]);
  const driven = new ScriptedRun(plan, { acts: { z: "late" } }).go();
  const before = driven.events.length;
  const stops: readonly (readonly [Change, string])[] = [
    [{ eventType: "run.cancelRequested", metadata: { commandId: "x", by: "ann" } }, "the run was cancelled"],
    [{ eventType: "run.cancelRequested", metadata: { commandId: "timer:wall-clock" } }, "the wall clock ran out"],
    [{ eventType: "plan.drift", metadata: { node: "", pointer: "" } }, "the plan drifted"],
  ];
  const ending = { eventType: "step.succeeded", stepId: "z", attempt: 1, metadata: { outputs: {}, durationMs: 1 } };
  for (const [stop, why] of stops) {
    for (const begin of [...beginnings, { eventType: "step.started", stepId: "a", attempt: 1 } as const]) {
      const told = [...driven.events, { ...driven.events[before - 1], stepId: undefined, ...stop }];
      const events = [...told, { ...driven.events.at(-1), ...ending }, { ...driven.events.at(-1), ...begin }];
      t.equal(firstWrong(plan, events as LedgerEvent[]), `${String(begin["stepId"])} goes on although ${why}`);
    }
  }
});

t.test("a gate passes no more once the run was cancelled, and an attempt that ends then is no violation", async (t) => {
  const plan = planOf([parallel("p", [run("a"), approval("g")])]);
  const driven = new ScriptedRun(plan, { acts: { a: "late" } }).go();
  driven.cancel();
  const [model] = driven.events;
  const late = (change: Change) => [...driven.events, { ...model, ...change } as LedgerEvent];
  const pass: Change = { eventType: "gate.passed", stepId: "g", metadata: {} };
  const cancelled = driven.events.findIndex(({ eventType }) => eventType === "run.cancelRequested");
  const passed = [...driven.events.slice(0, cancelled + 1), { ...model, ...pass } as LedgerEvent];
  t.equal(firstWrong(plan, passed), "g goes on although the run was cancelled");
  t.equal(
    firstWrong(plan, late({ eventType: "step.succeeded", stepId: "a", attempt: 1, metadata: { outputs: {} } })),
    undefined,
  );
});

t.test("finally goes on after one cancel, and is ended by a drift or another cancel", async (t) => {
  const plan = planOf([run("a")], { finally: [run("f"), run("g")] });
  const driven = new ScriptedRun(plan, { acts: { a: "late", f: "late" } }).go();
  driven.cancel().go();
  const { events } = driven;
  t.equal(firstWrong(plan, events), undefined);
  t.ok(events.some(({ eventType, stepId }) => eventType === "step.started" && stepId === "f"));
  const again = [{ ...events[0], eventType: "run.cancelRequested", metadata: { commandId: "y", by: "ann" } }];
  const f = {
    ...events[0],
    eventType: "step.cancelled",
    stepId: "f",
    attempt: 1,
    metadata: { reason: "RUN_CANCELLED" },
  };
  const g = { ...events[0], eventType: "step.started", stepId: "g", attempt: 1, metadata: {} };
  t.equal(firstWrong(plan, [...events, ...again, f, g] as LedgerEvent[]), "g goes on although finally was cancelled");
  t.equal(firstWrong(plan, [...events, f, g] as LedgerEvent[]), undefined);
});

t.test("what follows at the same moment as a failure that stops the run begins no more", async (t) => {
  const plan = planOf(
    [run("z"), parallel("p", [run("a", { when: cel("steps.z.outputs.no") }), map("m", [1], [run("x")]), run("b")])],
    drain,
  );
  const driven = new ScriptedRun(plan).go();
  t.strictSame(driven.statuses(), [
    "z succeeded",
    "p failed EXPR_ABSENT",
    "a failed EXPR_ABSENT",
    "m skipped RUN_STOPPING",
    "b skipped RUN_STOPPING",
  ]);
  t.equal(firstWrong(plan, driven.events), undefined);
});

t.test("events that ask for the end of a large map again and again ask each of its items once", async (t) => {
  const count = 300;
  const plan = planOf(
    [
      map(
        "m",
        Array.from({ length: count }, () => 0),
        [run("x")],
      ),
      map("n", [1], [run("y")]),
    ],
    {
      finally: [map("f", [1], [run("z")])],
    },
  );
  const driven = new ScriptedRun(plan).go();
  const isLast = ({ eventType, stepId }: LedgerEvent) =>
    eventType === "step.succeeded" && stepId === `m[${count - 1}]::x`;
  const order = orderOf(plan);
  driven.events.slice(0, driven.events.findIndex(isLast)).forEach((event) => order.take(event));
  let asked = 0;
  const { records } = order;
  const statusOf = records.statusOf.bind(records);
  records.statusOf = (instance) => {
    asked += 1;
    return statusOf(instance);
  };
  for (const id of ["n", "f"]) {
    const expanded = driven.events.find(({ eventType, stepId }) => eventType === "map.expanded" && stepId === id);
    for (const event of Array.from({ length: count }, () => expanded as LedgerEvent)) {
      t.match(order.take(event), { check: "order" });
    }
  }
  t.ok(asked < 8 * count, `${asked} questions about ${count} items by ${2 * count} events`);
});
