import t from "tap";
import { timestampOf } from "#canon/timestamp.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { retryWait } from "#run/retry-wait.ts";
import { digestOfText, parallel, planOf, run, sha256 } from "./sample-plan.ts";
import { ScriptedRun } from "./scripted-run.ts";

const ok: AttemptOutcome = { kind: "succeeded", outputs: {}, durationMs: 3, artifacts: [] };
const exit = (exitCode: number): AttemptOutcome => ({
  kind: "failed",
  reason: "STEP_EXIT",
  hint: "see its output",
  exitCode,
  durationMs: 3,
  artifacts: [],
});
const start = (stepId: string, attempt = 1) => ({ kind: "start", stepId, attempt, secrets: [] }) as const;
const ended = (stepId: string, attempt: number, outcome: AttemptOutcome) =>
  ({ kind: "ended", stepId, attempt, outcome }) as const;
const types = (events: readonly { readonly eventType: string }[]): readonly string[] =>
  events.map((event) => event.eventType);

t.test("a start says what was started, which secrets it was given, and how it is confined", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  const exe = { path: "/usr/bin/true", digest: digestOfText("true") };
  const limits = { pids: { declared: 5, enforcedBy: "cgroup", level: "kernel-tree" } } as const;
  const events = driven.send({
    ...start("a"),
    exe,
    secrets: [{ name: "token", provider: "env" }],
    enforced: { mode: "sealed", limits },
  });
  t.strictSame(
    events.map(({ eventType, stepId, attempt, metadata }) => ({ eventType, stepId, attempt, metadata })),
    [
      { eventType: "step.started", stepId: "a", attempt: 1, metadata: { exe } },
      { eventType: "secret.resolved", stepId: "a", attempt: 1, metadata: { name: "token", provider: "env" } },
      { eventType: "sandbox.enforced", stepId: "a", attempt: 1, metadata: { mode: "sealed", limits } },
    ],
  );
  t.end();
});

t.test("a start that does not fit decides nothing", (t) => {
  const driven = new ScriptedRun(planOf([run("a"), parallel("p", [run("b")])]));
  for (const [stepId, attempt] of [
    ["a", 2],
    ["a", 0],
    ["b", 1],
    ["p", 1],
    ["nobody", 1],
  ] as const) {
    t.strictSame(driven.send(start(stepId, attempt)), [], `${stepId} ${attempt}`);
  }
  driven.send(start("a"));
  t.strictSame(driven.send(start("a")), [], "it runs already");
  t.end();
});

t.test("output stands in the ledger while its attempt runs, each batch once", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  const output = { kind: "output", stepId: "a", attempt: 1, output: { stream: "stdout", lines: ["hi"] } } as const;
  t.strictSame(driven.send(output), []);
  driven.send(start("a"));
  t.strictSame(types(driven.sendAs({ id: "o1", ...output })), ["step.output"]);
  t.strictSame(driven.sendAs({ id: "o1", ...output }), []);
  t.strictSame(types(driven.sendAs({ id: "o2", ...output })), ["step.output"]);
  driven.send(ended("a", 1, ok));
  t.strictSame(driven.sendAs({ id: "o3", ...output }), []);
  t.end();
});

t.test("denied connections and artifacts stand before the end of their attempt", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  driven.send(start("a"));
  const events = driven.send(
    ended("a", 1, {
      ...ok,
      artifacts: [
        { name: "report", status: "captured", digest: digestOfText("r"), size: 3, mediaType: "text/plain" },
        { name: "extra", status: "missing", notes: "STEP_OUTPUT_MISSING" },
      ],
      denied: [{ host: "evil.example", port: 443, reason: "not listed", code: "EGRESS_DENIED", hint: "list it" }],
      usage: { hit: [], cpuMs: 4 },
      egress: { requests: 1, bytesIn: 2, bytesOut: 3 },
    }),
  );
  t.strictSame(types(events), ["egress.denied", "step.artifact", "step.artifact", "step.succeeded", "run.finished"]);
  t.match(events[3]?.metadata, { durationMs: 3, usage: { cpuMs: 4 }, egress: { bytesOut: 3 } });
  t.end();
});

t.test("an attempt that fails before it could start has started all the same", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  const events = driven.send(ended("a", 1, { ...exit(1), reason: "STEP_SETUP", kind: "failed", hint: "no bwrap" }));
  t.strictSame(types(events), ["step.started", "step.failed", "run.finished"]);
  t.match(events[1]?.metadata, { reason: "STEP_SETUP", code: "STEP_SETUP", hint: "no bwrap" });
  t.end();
});

t.test("an attempt that was called off before it started leaves nothing", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  t.strictSame(driven.send(ended("a", 1, { kind: "cancelled", durationMs: 0, artifacts: [] })), []);
  t.strictSame(types(driven.send(start("a"))), ["step.started"]);
  t.end();
});

t.test("an attempt that its driver called off although the run wants it counts as lost", (t) => {
  const retry = { maxAttempts: 2, initialMs: 0, factor: 1, maxMs: 0 };
  const driven = new ScriptedRun(planOf([run("a", { retry })]));
  driven.send(start("a"));
  const events = driven.send(ended("a", 1, { kind: "cancelled", durationMs: 1, artifacts: [] }));
  t.strictSame(types(events), ["step.lost", "step.retry"]);
  t.end();
});

t.test("a failed attempt with attempts left is followed by one retry that says when the next may start", (t) => {
  const retry = { maxAttempts: 3, initialMs: 1000, factor: 2, maxMs: 1500 };
  const plan = planOf([run("a", { retry })]);
  const driven = new ScriptedRun(plan);
  driven.send(start("a"));
  const { planHash } = driven.state.identity;
  const [first, ...others] = driven.send(ended("a", 1, exit(1)));
  const wait = retryWait(retry, "a", 1, planHash, sha256);
  t.strictSame(others, []);
  t.strictSame(first?.metadata, { reason: "STEP_EXIT", notBefore: timestampOf(driven.now + wait) });
  t.equal(first?.attempt, 1);
  t.strictSame(driven.send(start("a", 2)), [], "not before its time");
  t.strictSame(
    driven.todo().map((effect) => effect.key),
    ["timer:retry:a:1"],
  );
  driven.now += wait - 1;
  t.strictSame(driven.send({ kind: "tick" }, start("a", 2)), [], "not a millisecond too early");
  driven.now += 1;
  driven.send({ kind: "tick" });
  t.strictSame(types(driven.send(start("a", 2))), ["step.started"]);
  t.end();
});

t.test("results that end in one turn are recorded in canonical order, whatever order they came in", (t) => {
  const plan = planOf([parallel("p", [run("a"), run("b"), run("c")])]);
  const driven = new ScriptedRun(plan);
  driven.send(start("c"), start("a"), start("b"));
  driven.send(ended("c", 1, ok), ended("b", 1, exit(2)), ended("a", 1, ok));
  t.strictSame(driven.trace().slice(4), [
    "a step.started #1",
    "b step.started #1",
    "c step.started #1",
    "a step.succeeded #1",
    "b step.failed #1",
    "c step.succeeded #1",
    "run.finished",
  ]);
  t.end();
});

t.test("a report that is no set of values fails the step", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  driven.send(start("a"));
  const outputs = { count: { type: "integer" } } as never;
  driven.send(ended("a", 1, { ...ok, kind: "succeeded", outputs }));
  t.strictSame(driven.statuses(), ["a failed STEP_REPORT"]);
  t.end();
});

t.test("text that cannot be written as UTF-8 is mended on its way into the ledger", (t) => {
  const driven = new ScriptedRun(planOf([run("a")]));
  driven.send(start("a"));
  const outputs = { text: { type: "string", value: "half \ud83d" } } as const;
  const [event] = driven.send(ended("a", 1, { ...ok, kind: "succeeded", outputs }));
  t.match(event?.metadata, { outputs: { text: { value: "half \ufffd" } } });
  t.end();
});

t.test("an ended attempt ends once", (t) => {
  const driven = new ScriptedRun(planOf([run("a"), run("b")]));
  driven.send(start("a"));
  driven.send(ended("a", 1, ok));
  for (const outcome of [ok, exit(1)]) {
    t.strictSame(driven.send(ended("a", 1, outcome)), []);
  }
  t.strictSame(driven.send({ kind: "lost", stepId: "a", attempt: 1 }), []);
  t.end();
});
