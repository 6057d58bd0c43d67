import t from "tap";
import { stepStory, type StepStory } from "#view/step-story.ts";
import { approval, cel, map, parallel, planOf, policy, run } from "../run/sample-plan.ts";
import { ScriptedRun } from "../run/scripted-run.ts";

const retry = { retry: { maxAttempts: 2, initialMs: 0, factor: 1, maxMs: 0 } };
const plan = planOf(
  [
    run("a", retry),
    parallel("p", [run("b", { when: cel("steps.a.status == 'failed'") }), map("m", [1, 2], [run("x"), run("y")])]),
    approval("ok"),
    run("z", { when: false }),
  ],
  { finally: [run("f")] },
);

function story(driven: ScriptedRun, id: string): StepStory {
  const found = stepStory(
    driven.state,
    id,
    driven.events.filter(({ stepId }) => stepId === id),
    driven.now,
  );
  if (found === undefined) {
    throw new Error(`no step ${id}`);
  }
  return found;
}

t.test("a story says what a step stood behind, and how often it was tried", (t) => {
  const driven = new ScriptedRun(plan, { acts: { "a#1": 7 }, maxParallel: 1, takes: 200 }).go();
  const first = story(driven, "a");
  t.match(first, { kind: "run", status: "succeeded", why: ["it is the first step"] });
  t.strictSame(
    first.events.map(({ text }) => text.replace(/\d\d:\d\d:\d\d/, "TIME")),
    ["▶ started", "↻ STEP_EXIT, tried again at TIME", "▶ started, attempt 2", "✓ 5ms"],
  );
  t.match(story(driven, "b"), {
    status: "skipped",
    reason: "WHEN_FALSE",
    why: ["it is inside p, which succeeded", "its condition ${{ steps.a.status == 'failed' }} was false"],
  });
  t.strictSame(story(driven, "m[0]::y").why.slice(0, 2), [
    "it is inside m, item 0, which succeeded",
    "it needs m[0]::x, which succeeded",
  ]);
  t.match(story(driven, "m[1]::x").why.at(-1), /^it was ready for 4\d\dms before it started: --max-parallel/);
  t.end();
});

t.test("a step that has not ended says what it waits for", (t) => {
  const driven = new ScriptedRun(plan).go();
  t.match(story(driven, "ok"), {
    status: "waiting",
    why: ["it needs p, which succeeded", "it has 0 of 2 approvals: `packrun approvals list`"],
    events: [{ text: /^\? waits for approval until/ }],
  });
  t.strictSame(story(driven, "z").why, [
    "it needs ok, which is waiting",
    "its condition was false when it was planned",
  ]);
  t.strictSame(story(driven, "f").why, [
    "it is the first of finally, which begins when all else has ended",
    "the run is waiting",
  ]);
  const slow = new ScriptedRun(planOf([run("a", { retry: { ...retry.retry, initialMs: 5000, maxMs: 5000 } })]), {
    acts: { "a#1": 1 },
  });
  slow.step();
  slow.step();
  t.strictSame(story(slow, "a").why, ["it is the first step", "it waits before its next attempt"]);
  t.end();
});

t.test("a gate whose time is over is told as expired before anybody has recorded it", (t) => {
  const driven = new ScriptedRun(plan).go();
  const { notAfter } = driven.state.gates["ok"]?.opened ?? { notAfter: 0 };
  driven.now = notAfter - 1;
  t.match(story(driven, "ok").why, [String, "it has 0 of 2 approvals: `packrun approvals list`"]);
  driven.now = notAfter;
  const { runId } = driven.state.identity;
  const when = new Date(notAfter).toISOString();
  t.match(story(driven, "ok"), {
    status: "waiting",
    why: [
      "it needs p, which succeeded",
      `it expired ${when} with 0 of 2 approvals: \`packrun resume ${runId}\` records that`,
    ],
  });
  t.equal(story(driven, "z").why[0], "it needs ok, which has expired");
  driven.send({ kind: "tick" });
  driven.now += 1000;
  t.match(story(driven, "ok"), { status: "failed", reason: "GATE_EXPIRED", why: ["it needs p, which succeeded"] });
  t.equal(story(driven, "z").why[0], "it needs ok, which failed (GATE_EXPIRED)");
  t.end();
});

t.test("what a stopping run left out names the failure", (t) => {
  const drain = planOf([run("a"), parallel("p", [run("b"), run("c")])], { failurePolicy: { onFailure: "drain" } });
  const driven = new ScriptedRun(drain, { acts: { a: 1 } }).go();
  t.match(story(driven, "p"), { status: "skipped", why: [/^it needs a, which failed \(STEP_EXIT\)$/, /a failed/] });
  const denied = new ScriptedRun(planOf([policy("q"), run("a")]), { policies: { q: "denied" } }).go();
  t.match(story(denied, "q"), { status: "failed", reason: "POLICY_DENIED", events: [{ text: /^✗ POLICY_DENIED/ }] });
  t.strictSame(story(denied, "a").why, ["it needs q, which failed (POLICY_DENIED)"]);
  t.equal(stepStory(denied.state, "nope", [], denied.now), undefined);
  t.end();
});
