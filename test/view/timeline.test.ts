import t from "tap";
import { addSpan, timelineOf, type Spans, type Timeline } from "#view/timeline.ts";
import { timelineText } from "#view/timeline-text.ts";
import { approval, map, parallel, planOf, run } from "../run/sample-plan.ts";
import { ScriptedRun, START } from "../run/scripted-run.ts";

function timeline(driven: ScriptedRun): Timeline {
  const spans: Spans = new Map();
  driven.events.forEach((event) => addSpan(spans, event));
  return timelineOf(driven.state, spans, driven.now);
}

const retry = { retry: { maxAttempts: 2, initialMs: 1000, factor: 1, maxMs: 1000 } };

t.test("attempts, waits before a retry and waits for people stand where they were", (t) => {
  const plan = planOf([run("a", retry), parallel("p", [run("b"), map("m", [1, 2], [run("x")])]), approval("ok")]);
  const driven = new ScriptedRun(plan, { acts: { "a#1": 3 }, takes: 500 }).go();
  driven.now += 10_000;
  const { from, to, rows } = timeline(driven);
  t.strictSame([from, to], [START, driven.now], "a run that is not over lasts until now");
  t.strictSame(
    rows.map(({ id }) => id),
    ["a", "b", "m[0]::x", "m[1]::x", "ok"],
    "containers have no row",
  );
  const [a, , , , ok] = rows;
  t.match(
    a?.spans.map(({ kind, attempt, end, from: begin, to: until }) => [kind, attempt, end, until - begin]),
    [
      ["attempt", 1, "failed", 500],
      ["retry", undefined, "over", Number],
      ["attempt", 2, "succeeded", 500],
    ],
  );
  t.match(ok?.spans, [{ kind: "gate", end: "open", to: driven.now }]);
  t.end();
});

t.test("a gate whose time is over has expired there and then, though nobody has recorded it", (t) => {
  const driven = new ScriptedRun(planOf([run("a"), approval("ok"), run("z")])).go();
  const { notAfter } = driven.state.gates["ok"]?.opened ?? { notAfter: 0 };
  driven.now = notAfter - 1;
  t.match(timeline(driven).rows[1], { status: "waiting", spans: [{ kind: "gate", end: "open", to: notAfter - 1 }] });
  driven.now = notAfter + 5000;
  const late = timeline(driven);
  t.equal(late.to, driven.now);
  t.match(late.rows[1], { status: "waiting", spans: [{ kind: "gate", end: "expired", to: notAfter }] });
  t.match(timelineText(late, 100), /^ok .*waiting {2}expired$/m);
  driven.send({ kind: "tick" });
  const recorded = timeline(driven);
  t.match(recorded.rows[1], { status: "failed", spans: [{ kind: "gate", end: "expired", to: driven.now }] });
  t.match(timelineText(recorded, 100), /^ok .*failed {2}GATE_EXPIRED$/m);
  t.end();
});

t.test("a lost attempt, a rejection and steps that never ran are told as what they are", (t) => {
  const plan = planOf([run("a", { idempotent: true }), approval("ok"), run("z")]);
  const driven = new ScriptedRun(plan, { acts: { "a#1": "late" } });
  driven.step();
  driven.takeOver();
  driven.go();
  driven.now += 1000;
  driven.decide("ok", "ann", "reject");
  driven.go();
  const { rows, to } = timeline(driven);
  t.match(rows[0]?.spans, [{ end: "lost" }, { kind: "retry" }, { kind: "attempt", attempt: 2, end: "succeeded" }]);
  t.match(rows[1]?.spans, [{ kind: "gate", end: "rejected" }]);
  t.match(rows[2], { status: "skipped", reason: "UPSTREAM_FAILED", spans: [] });
  t.equal(to, driven.state.finishedAt);
  t.end();
});

t.test("every bar has a column, and none leaves the frame, however short the run", (t) => {
  const long = "l".repeat(60);
  const driven = new ScriptedRun(planOf([run("a"), run(long), run("z")]), { acts: { a: 1 }, takes: 0 }).go();
  for (const columns of [10, 60, 100, 200]) {
    const lines = timelineText(timeline(driven), columns).trimEnd().split("\n");
    t.equal(lines.length, 4);
    t.match(lines[0], /^a +█ +.*failed {2}STEP_EXIT$/, String(columns));
    t.match(lines[2], /^z +[^█]+skipped {2}UPSTREAM_FAILED$/);
  }
  t.end();
});

t.test("a narrow terminal has shorter bars and fewer marks, and no line is wrapped", (t) => {
  const spans = [{ kind: "attempt", attempt: 1, from: 0, to: 1491, end: "succeeded" }] as const;
  const rows = [{ id: "lists[0]::list", kind: "run", status: "succeeded", spans }] as const;
  const lines = timelineText({ from: 0, to: 1491, rows }, 40).trimEnd().split("\n");
  t.strictSame(lines, [`lists[0]::list  ${"█".repeat(18)}  1.5s`, `${" ".repeat(16)}│0ms     │746ms   │1.5s`]);
  t.end();
});

t.test("the picture of a run", (t) => {
  const row = (id: string, ...spans: Timeline["rows"][number]["spans"]): Timeline["rows"][number] => ({
    id,
    kind: "run",
    status: "succeeded",
    spans,
  });
  const drawn = timelineText(
    {
      from: 0,
      to: 40_000,
      rows: [
        row("build", { kind: "attempt", attempt: 1, from: 0, to: 9000, end: "succeeded" }),
        row("ok", { kind: "gate", from: 9000, to: 30_000, end: "passed" }),
        row(
          "ship",
          { kind: "attempt", attempt: 1, from: 30_000, to: 32_000, end: "failed" },
          { kind: "retry", from: 32_000, to: 36_000, end: "over" },
          { kind: "attempt", attempt: 2, from: 36_000, to: 40_000, end: "succeeded" },
        ),
      ],
    },
    65,
  );
  t.equal(
    drawn,
    `build  █████████                                 9.0s
ok              ░░░░░░░░░░░░░░░░░░░░░            21.0s
ship                                 ██····████  6.0s  2 attempts
       │0ms      │10.0s    │20.0s    │30.0s    │40.0s
`,
  );
  t.end();
});
