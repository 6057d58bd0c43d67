import t, { type Test } from "tap";
import type { Plan } from "#plan/plan.ts";
import { approval, map, parallel, planOf, policy, run } from "./sample-plan.ts";
import { ScriptedRun, type Script } from "./scripted-run.ts";

type Case = {
  readonly says: string;
  readonly plan: Plan;
  readonly script?: Script;
  /** What happens before the run goes on to its end. */
  readonly meanwhile?: (driven: ScriptedRun) => unknown;
  readonly end: string;
  /** `id status reason` of every step. */
  readonly steps: readonly string[];
};

const coe = { continueOnError: true };
const retry = (maxAttempts: number, more = {}): { readonly retry: unknown } => ({
  retry: { maxAttempts, initialMs: 1000, factor: 2, maxMs: 60_000, ...more },
});
const drain = { failurePolicy: { onFailure: "drain" } } as const;
const cancelAll = { failurePolicy: { onFailure: "cancel" } } as const;
const wall = (wallClockMs: number): Pick<Plan, "sandbox"> => ({ sandbox: { ...planOf([]).sandbox, wallClockMs } });
const finallyF = { finally: [run("f"), run("g")] };

function check(t: Test, cases: readonly Case[]): void {
  for (const { says, plan, script, meanwhile, end, steps } of cases) {
    t.test(says, (t) => {
      const driven = new ScriptedRun(plan, script).go();
      meanwhile?.(driven);
      driven.go();
      t.strictSame(driven.statuses(), steps);
      t.equal(driven.end(), end);
      t.end();
    });
  }
}

t.test("a failure", (t) => {
  check(t, [
    {
      says: "skips what needs it, and lets independent branches go on",
      plan: planOf([
        parallel("p", [run("a"), run("b", { needs: ["a"] }), run("c", { needs: ["b"] }), run("d")]),
        run("after"),
      ]),
      script: { acts: { a: 1 } },
      end: "failed STEP_EXIT",
      steps: [
        "p failed STEP_EXIT",
        "a failed STEP_EXIT",
        "b skipped UPSTREAM_FAILED",
        "c skipped UPSTREAM_FAILED",
        "d succeeded",
        "after skipped UPSTREAM_FAILED",
      ],
    },
    {
      says: "under continueOnError reaches neither dependents nor parent nor run",
      plan: planOf([parallel("p", [run("a", coe), run("b", { needs: ["a"] })]), run("after")]),
      script: { acts: { a: 1 } },
      end: "succeeded",
      steps: ["p succeeded", "a failed STEP_EXIT", "b succeeded", "after succeeded"],
    },
    {
      says: "inside a container under continueOnError fails the container alone",
      plan: planOf([parallel("p", [run("a"), run("b", { needs: ["a"] })], coe), run("after")]),
      script: { acts: { a: 1 } },
      end: "succeeded",
      steps: ["p failed STEP_EXIT", "a failed STEP_EXIT", "b skipped UPSTREAM_FAILED", "after succeeded"],
    },
    {
      says: "gives the run the reason of the first failed step in canonical order, not in time",
      plan: planOf([parallel("p", [run("a", retry(2)), run("b")])]),
      script: { acts: { a: { reason: "STEP_TIMEOUT" }, b: 7 } },
      end: "failed STEP_TIMEOUT",
      steps: ["p failed STEP_TIMEOUT", "a failed STEP_TIMEOUT", "b failed STEP_EXIT"],
    },
    {
      says: "skips a whole container with one event",
      plan: planOf([run("a"), parallel("p", [run("b"), parallel("q", [run("c")])]), map("m", [1, 2], [run("x")])]),
      script: { acts: { a: 1 } },
      end: "failed STEP_EXIT",
      steps: [
        "a failed STEP_EXIT",
        "p skipped UPSTREAM_FAILED",
        "b skipped UPSTREAM_FAILED",
        "q skipped UPSTREAM_FAILED",
        "c skipped UPSTREAM_FAILED",
        "m skipped UPSTREAM_FAILED",
      ],
    },
    {
      says: "under drain lets what is in flight end and starts nothing new",
      plan: planOf([parallel("p", [run("a"), run("b"), run("c"), run("d", { needs: ["b"] })])], drain),
      script: { acts: { a: 1 }, maxParallel: 2 },
      end: "failed STEP_EXIT",
      steps: [
        "p failed STEP_EXIT",
        "a failed STEP_EXIT",
        "b succeeded",
        "c skipped RUN_STOPPING",
        "d skipped RUN_STOPPING",
      ],
    },
    {
      says: "under drain is the last attempt of every other step, too",
      plan: planOf([parallel("p", [run("a"), run("b", retry(3))])], drain),
      script: { acts: { a: 1, b: 2 } },
      end: "failed STEP_EXIT",
      steps: ["p failed STEP_EXIT", "a failed STEP_EXIT", "b failed STEP_EXIT"],
    },
    {
      says: "under cancel ends what is in flight",
      plan: planOf([parallel("p", [run("a"), run("b")]), run("c")], cancelAll),
      script: { acts: { a: 1, b: "hang" } },
      end: "failed STEP_EXIT",
      steps: ["p failed STEP_EXIT", "a failed STEP_EXIT", "b cancelled RUN_STOPPING", "c skipped RUN_STOPPING"],
    },
    {
      says: "under cancel ends a wait for another attempt",
      plan: planOf([parallel("p", [run("a", retry(3)), run("b")])], cancelAll),
      script: { acts: { a: 1, b: 1 } },
      end: "failed STEP_EXIT",
      steps: ["p failed STEP_EXIT", "a cancelled RUN_STOPPING", "b failed STEP_EXIT"],
    },
    {
      says: "that continueOnError shields stops nothing",
      plan: planOf([parallel("p", [run("a", coe), run("b")]), run("c")], cancelAll),
      script: { acts: { a: 1 } },
      end: "succeeded",
      steps: ["p succeeded", "a failed STEP_EXIT", "b succeeded", "c succeeded"],
    },
    {
      says: "inside one iteration of a map ends that iteration and no other",
      plan: planOf([map("m", [1, 2], [run("x"), run("y")]), run("after")]),
      script: { acts: { "m[0]::x": 1 } },
      end: "failed STEP_EXIT",
      steps: [
        "m failed STEP_EXIT",
        "m[0]::x failed STEP_EXIT",
        "m[0]::y skipped UPSTREAM_FAILED",
        "m[1]::x succeeded",
        "m[1]::y succeeded",
        "after skipped UPSTREAM_FAILED",
      ],
    },
    {
      says: "of a step in a map under continueOnError lets the map succeed",
      plan: planOf([map("m", [1, 2], [run("x", coe), run("y")]), run("after")]),
      script: { acts: { "m[0]::x": 1 } },
      end: "succeeded",
      steps: [
        "m succeeded",
        "m[0]::x failed STEP_EXIT",
        "m[0]::y succeeded",
        "m[1]::x succeeded",
        "m[1]::y succeeded",
        "after succeeded",
      ],
    },
    {
      says: "of a map under continueOnError reaches nothing behind it",
      plan: planOf([map("m", [1], [run("x")], coe), run("after")]),
      script: { acts: { "m[0]::x": 1 } },
      end: "succeeded",
      steps: ["m failed STEP_EXIT", "m[0]::x failed STEP_EXIT", "after succeeded"],
    },
  ]);
  t.end();
});

t.test("a condition", (t) => {
  const never = { when: false };
  check(t, [
    {
      says: "that is false skips the step, and what needs it still runs",
      plan: planOf([run("a", never), run("b")]),
      end: "succeeded",
      steps: ["a skipped WHEN_FALSE", "b succeeded"],
    },
    {
      says: "that is true changes nothing",
      plan: planOf([run("a", { when: true })]),
      end: "succeeded",
      steps: ["a succeeded"],
    },
    {
      says: "skips containers, maps and policy gates alike",
      plan: planOf([parallel("p", [run("a")], never), map("m", [1], [run("x")], never), policy("q", never), run("z")]),
      end: "succeeded",
      steps: [
        "p skipped WHEN_FALSE",
        "a skipped WHEN_FALSE",
        "m skipped WHEN_FALSE",
        "q skipped WHEN_FALSE",
        "z succeeded",
      ],
    },
    {
      says: "is not asked where something needed has failed",
      plan: planOf([run("a"), run("b", never), run("c")]),
      script: { acts: { a: 1 } },
      end: "failed STEP_EXIT",
      steps: ["a failed STEP_EXIT", "b skipped UPSTREAM_FAILED", "c skipped UPSTREAM_FAILED"],
    },
    {
      says: "skips a step of finally",
      plan: planOf([run("a")], { finally: [run("f", never), run("g")] }),
      end: "succeeded",
      steps: ["a succeeded", "f skipped WHEN_FALSE", "g succeeded"],
    },
  ]);
  t.end();
});

t.test("attempts", (t) => {
  check(t, [
    {
      says: "are repeated until one succeeds",
      plan: planOf([run("a", retry(3))]),
      script: { acts: { "a#1": 1, "a#2": 1 } },
      end: "succeeded",
      steps: ["a succeeded"],
    },
    {
      says: "are used up",
      plan: planOf([run("a", retry(2))]),
      script: { acts: { a: 1 } },
      end: "failed STEP_EXIT",
      steps: ["a failed STEP_EXIT"],
    },
    {
      says: "are repeated for the named exit codes only",
      plan: planOf([
        parallel("p", [run("a", retry(3, { onExitCodes: [75] })), run("b", retry(3, { onExitCodes: [75] }))]),
      ]),
      script: { acts: { "a#1": 75, "a#2": 75, b: 1 } },
      end: "failed STEP_EXIT",
      steps: ["p failed STEP_EXIT", "a succeeded", "b failed STEP_EXIT"],
    },
    {
      says: "without an exit code are not repeated where exit codes are named",
      plan: planOf([run("a", retry(3, { onExitCodes: [75] }))]),
      script: { acts: { "a#1": { reason: "STEP_TIMEOUT" } } },
      end: "failed STEP_TIMEOUT",
      steps: ["a failed STEP_TIMEOUT"],
    },
    {
      says: "that can never succeed are not repeated",
      plan: planOf([run("a", retry(3))]),
      script: { acts: { "a#1": { reason: "EXPR_ABSENT" } } },
      end: "failed EXPR_ABSENT",
      steps: ["a failed EXPR_ABSENT"],
    },
    {
      says: "that were lost are repeated while some are left",
      plan: planOf([run("a", retry(2))]),
      script: { acts: { "a#1": "hang" } },
      meanwhile: (driven) => driven.takeOver(),
      end: "succeeded",
      steps: ["a succeeded"],
    },
    {
      says: "that were lost end the step when none are left",
      plan: planOf([run("a")]),
      script: { acts: { "a#1": "hang" } },
      meanwhile: (driven) => driven.takeOver(),
      end: "failed STEP_LOST",
      steps: ["a failed STEP_LOST"],
    },
    {
      says: "of an idempotent step that were lost are repeated even when all are used up",
      plan: planOf([run("a", { idempotent: true })]),
      script: { acts: { "a#1": "hang", "a#2": "hang" } },
      meanwhile: (driven) => driven.takeOver().go().takeOver(),
      end: "succeeded",
      steps: ["a succeeded"],
    },
    {
      says: "of a repeated idempotent step do not grow in number",
      plan: planOf([run("a", { idempotent: true })]),
      script: { acts: { "a#1": "hang", "a#2": 1 } },
      meanwhile: (driven) => driven.takeOver(),
      end: "failed STEP_EXIT",
      steps: ["a failed STEP_EXIT"],
    },
  ]);
  t.end();
});

t.test("finally", (t) => {
  check(t, [
    {
      says: "runs after success, in its order",
      plan: planOf([run("a")], finallyF),
      end: "succeeded",
      steps: ["a succeeded", "f succeeded", "g succeeded"],
    },
    {
      says: "runs after failure, and its own failure skips nothing",
      plan: planOf([run("a"), run("b")], finallyF),
      script: { acts: { a: 1, f: 2 } },
      end: "failed STEP_EXIT",
      steps: ["a failed STEP_EXIT", "b skipped UPSTREAM_FAILED", "f failed STEP_EXIT", "g succeeded"],
    },
    {
      says: "fails a run that had succeeded",
      plan: planOf([run("a")], finallyF),
      script: { acts: { g: { reason: "STEP_OOM" } } },
      end: "failed STEP_OOM",
      steps: ["a succeeded", "f succeeded", "g failed STEP_OOM"],
    },
    {
      says: "is not stopped by the failure policy",
      plan: planOf([run("a")], { ...finallyF, ...cancelAll }),
      script: { acts: { f: 1 } },
      end: "failed STEP_EXIT",
      steps: ["a succeeded", "f failed STEP_EXIT", "g succeeded"],
    },
    {
      says: "may hold containers, inside which needs mean what they say",
      plan: planOf([run("a")], { finally: [parallel("p", [run("f"), run("g", { needs: ["f"] })]), run("h")] }),
      script: { acts: { f: 1 } },
      end: "failed STEP_EXIT",
      steps: ["a succeeded", "p failed STEP_EXIT", "f failed STEP_EXIT", "g skipped UPSTREAM_FAILED", "h succeeded"],
    },
    {
      says: "runs after a rejected gate",
      plan: planOf([approval("ok"), run("a")], finallyF),
      meanwhile: (driven) => driven.decide("ok", "ann", "reject"),
      end: "failed GATE_REJECTED",
      steps: ["ok failed GATE_REJECTED", "a skipped UPSTREAM_FAILED", "f succeeded", "g succeeded"],
    },
  ]);
  t.end();
});

t.test("a cancel", (t) => {
  const hang = { acts: { a: "hang" } } as const;
  check(t, [
    {
      says: "ends what runs, skips the rest and runs finally",
      plan: planOf([run("a"), run("b"), approval("ok")], finallyF),
      script: hang,
      meanwhile: (driven) => driven.cancel(),
      end: "cancelled RUN_CANCELLED",
      steps: [
        "a cancelled RUN_CANCELLED",
        "b skipped RUN_STOPPING",
        "ok skipped RUN_STOPPING",
        "f succeeded",
        "g succeeded",
      ],
    },
    {
      says: "ends a run that waits for approval",
      plan: planOf([run("a"), approval("ok"), run("b")], finallyF),
      meanwhile: (driven) => driven.cancel(),
      end: "cancelled RUN_CANCELLED",
      steps: ["a succeeded", "ok skipped RUN_STOPPING", "b skipped RUN_STOPPING", "f succeeded", "g succeeded"],
    },
    {
      says: "ends a container as cancelled",
      plan: planOf([parallel("p", [run("a"), run("b", { needs: ["a"] })])]),
      script: hang,
      meanwhile: (driven) => driven.cancel(),
      end: "cancelled RUN_CANCELLED",
      steps: ["p cancelled RUN_CANCELLED", "a cancelled RUN_CANCELLED", "b skipped RUN_STOPPING"],
    },
    {
      says: "while finally runs lets finally end",
      plan: planOf([run("b")], { finally: [run("a"), run("g")] }),
      script: { acts: { "a#1": "hang" } },
      meanwhile: (driven) => {
        driven.cancel();
        driven.send({
          kind: "ended",
          stepId: "a",
          attempt: 1,
          outcome: { kind: "succeeded", outputs: {}, durationMs: 1, artifacts: [] },
        });
      },
      end: "cancelled RUN_CANCELLED",
      steps: ["b succeeded", "a succeeded", "g succeeded"],
    },
    {
      says: "that comes again while finally runs ends finally",
      plan: planOf([run("b")], { finally: [run("a"), run("g")] }),
      script: hang,
      meanwhile: (driven) => driven.cancel().cancel(),
      end: "cancelled RUN_CANCELLED",
      steps: ["b succeeded", "a cancelled RUN_CANCELLED", "g skipped RUN_STOPPING"],
    },
    {
      says: "after a failure leaves the run failed",
      plan: planOf([parallel("p", [run("a"), run("b")])]),
      script: { acts: { a: "hang", b: 3 } },
      meanwhile: (driven) => driven.cancel(),
      end: "failed STEP_EXIT",
      steps: ["p failed STEP_EXIT", "a cancelled RUN_CANCELLED", "b failed STEP_EXIT"],
    },
    {
      says: "in a drain ends what the drain let go on",
      plan: planOf([parallel("p", [run("a"), run("b")])], drain),
      script: { acts: { a: "hang", b: 3 } },
      meanwhile: (driven) => driven.cancel(),
      end: "failed STEP_EXIT",
      steps: ["p failed STEP_EXIT", "a cancelled RUN_CANCELLED", "b failed STEP_EXIT"],
    },
    {
      says: "survives the loss of the driver that was ending the attempt",
      plan: planOf([run("a"), run("b")], finallyF),
      script: hang,
      meanwhile: (driven) => {
        driven.cancel();
        driven.takeOver();
      },
      end: "cancelled RUN_CANCELLED",
      steps: ["a cancelled RUN_CANCELLED", "b skipped RUN_STOPPING", "f succeeded", "g succeeded"],
    },
    {
      says: "of an attempt that ended well just before is not rewritten",
      plan: planOf([run("a"), run("b")]),
      script: hang,
      meanwhile: (driven) => {
        const outcome = { kind: "succeeded", outputs: {}, durationMs: 1, artifacts: [] } as const;
        driven.send({ kind: "cancel", by: "operator" }, { kind: "ended", stepId: "a", attempt: 1, outcome });
      },
      end: "cancelled RUN_CANCELLED",
      steps: ["a succeeded", "b skipped RUN_STOPPING"],
    },
  ]);
  t.end();
});

t.test("the wall clock", (t) => {
  check(t, [
    {
      says: "ends the run, runs finally, and says so",
      plan: planOf([run("a"), run("b")], { ...finallyF, ...wall(5000) }),
      script: { acts: { a: "hang" } },
      end: "failed RUN_WALL_CLOCK",
      steps: ["a cancelled RUN_WALL_CLOCK", "b skipped RUN_STOPPING", "f succeeded", "g succeeded"],
    },
    {
      says: "includes waits before another attempt",
      plan: planOf([run("a", retry(5, { initialMs: 4000 }))], wall(9000)),
      script: { acts: { a: 1 } },
      end: "failed RUN_WALL_CLOCK",
      steps: ["a cancelled RUN_WALL_CLOCK"],
    },
    {
      says: "stands still while the run only waits for people",
      plan: planOf([approval("ok"), run("a")], wall(5000)),
      meanwhile: (driven) => {
        driven.now += 1_000_000;
        driven.approve("ok");
      },
      end: "succeeded",
      steps: ["ok succeeded", "a succeeded"],
    },
    {
      says: "does not count the time between two drivers",
      plan: planOf([run("a", { idempotent: true })], wall(5000)),
      script: { acts: { "a#1": "late" } },
      meanwhile: (driven) => {
        driven.now += 1_000_000;
        driven.takeOver();
      },
      end: "succeeded",
      steps: ["a succeeded"],
    },
    {
      says: "does not bound finally",
      plan: planOf([run("a")], { finally: [run("f"), run("g")], ...wall(5000) }),
      script: { takes: 4000 },
      end: "succeeded",
      steps: ["a succeeded", "f succeeded", "g succeeded"],
    },
  ]);
  t.end();
});

t.test("a gate", (t) => {
  const gated = planOf([run("a"), approval("ok"), run("b")]);
  check(t, [
    {
      says: "lets the run wait until enough people have approved",
      plan: gated,
      end: "waiting",
      steps: ["a succeeded", "ok waiting", "b pending"],
    },
    {
      says: "passes on its quorum",
      plan: gated,
      meanwhile: (driven) => driven.approve("ok"),
      end: "succeeded",
      steps: ["a succeeded", "ok succeeded", "b succeeded"],
    },
    {
      says: "counts a person once",
      plan: gated,
      meanwhile: (driven) => {
        driven.decide("ok", "ann");
        driven.decide("ok", "ann");
      },
      end: "waiting",
      steps: ["a succeeded", "ok waiting", "b pending"],
    },
    {
      says: "is rejected by one person, whoever approved before",
      plan: gated,
      meanwhile: (driven) => {
        driven.decide("ok", "ann");
        driven.decide("ok", "ben", "reject");
      },
      end: "failed GATE_REJECTED",
      steps: ["a succeeded", "ok failed GATE_REJECTED", "b skipped UPSTREAM_FAILED"],
    },
    {
      says: "expires",
      plan: gated,
      meanwhile: (driven) => {
        driven.now += 3_600_000;
        driven.send({ kind: "tick" });
      },
      end: "failed GATE_EXPIRED",
      steps: ["a succeeded", "ok failed GATE_EXPIRED", "b skipped UPSTREAM_FAILED"],
    },
    {
      says: "that expires under continueOnError stops nothing",
      plan: planOf([approval("ok", coe), run("b")]),
      meanwhile: (driven) => {
        driven.now += 3_600_000;
        driven.send({ kind: "tick" });
      },
      end: "succeeded",
      steps: ["ok failed GATE_EXPIRED", "b succeeded"],
    },
    {
      says: "holds no place: what is beside it goes on",
      plan: planOf([parallel("p", [approval("ok"), run("a"), run("b", { needs: ["a"] })], { maxParallel: 1 })]),
      script: { maxParallel: 1 },
      end: "waiting",
      steps: ["p running", "ok waiting", "a succeeded", "b succeeded"],
    },
    {
      says: "that is refused under drain starts nothing new",
      plan: planOf([parallel("p", [approval("ok"), approval("also")]), run("b")], drain),
      meanwhile: (driven) => driven.decide("ok", "ann", "reject"),
      end: "failed GATE_REJECTED",
      steps: [
        "p failed GATE_REJECTED",
        "ok failed GATE_REJECTED",
        "also skipped RUN_STOPPING",
        "b skipped RUN_STOPPING",
      ],
    },
    {
      says: "of policy passes when the policy allows",
      plan: planOf([policy("q"), run("b")]),
      end: "succeeded",
      steps: ["q succeeded", "b succeeded"],
    },
    {
      says: "of policy halts on a denial",
      plan: planOf([policy("q"), run("b")]),
      script: { policies: { q: "denied" } },
      end: "failed POLICY_DENIED",
      steps: ["q failed POLICY_DENIED", "b skipped UPSTREAM_FAILED"],
    },
    {
      says: "of policy goes on after a denial where the pack says so",
      plan: planOf([policy("q", { failAction: "continue" }), run("b")]),
      script: { policies: { q: "denied" } },
      end: "succeeded",
      steps: ["q succeeded", "b succeeded"],
    },
    {
      says: "of policy always halts undecided",
      plan: planOf([policy("q", { failAction: "continue" }), run("b")]),
      script: { policies: { q: "undecided" } },
      end: "failed POLICY_UNDECIDED",
      steps: ["q failed POLICY_UNDECIDED", "b skipped UPSTREAM_FAILED"],
    },
    {
      says: "of policy under continueOnError reaches nothing behind it",
      plan: planOf([policy("q", coe), run("b")]),
      script: { policies: { q: "denied" } },
      end: "succeeded",
      steps: ["q failed POLICY_DENIED", "b succeeded"],
    },
  ]);
  t.end();
});

t.test("a map", (t) => {
  check(t, [
    {
      says: "without items succeeds at once",
      plan: planOf([map("m", [], [run("x")]), run("after")]),
      end: "succeeded",
      steps: ["m succeeded", "after succeeded"],
    },
    {
      says: "in a map in a container names its instances from the outside in",
      plan: planOf([
        parallel("p", [map("a", [1, 2], [map("b", ["u"], [parallel("q", [run("x"), run("y", { needs: ["x"] })])])])]),
      ]),
      end: "succeeded",
      steps: [
        "p succeeded",
        "a succeeded",
        "a[0]::b succeeded",
        "a[0]::b[0]::q succeeded",
        "a[0]::b[0]::x succeeded",
        "a[0]::b[0]::y succeeded",
        "a[1]::b succeeded",
        "a[1]::b[0]::q succeeded",
        "a[1]::b[0]::x succeeded",
        "a[1]::b[0]::y succeeded",
      ],
    },
    {
      says: "that is not expanded has nothing below it",
      plan: planOf([run("a"), map("m", [1, 2], [run("x")])]),
      script: { acts: { a: "hang" } },
      meanwhile: (driven) => driven.cancel(),
      end: "cancelled RUN_CANCELLED",
      steps: ["a cancelled RUN_CANCELLED", "m skipped RUN_STOPPING"],
    },
    {
      says: "that was expanded skips its iterations one by one when the run stops",
      plan: planOf([map("m", [1, 2], [run("x"), run("y")], { maxParallel: 1 })]),
      script: { acts: { "m[0]::x": "hang" } },
      meanwhile: (driven) => driven.cancel(),
      end: "cancelled RUN_CANCELLED",
      steps: [
        "m cancelled RUN_CANCELLED",
        "m[0]::x cancelled RUN_CANCELLED",
        "m[0]::y skipped RUN_STOPPING",
        "m[1]::x skipped RUN_STOPPING",
        "m[1]::y skipped RUN_STOPPING",
      ],
    },
  ]);
  t.end();
});
