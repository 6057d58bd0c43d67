import t from "tap";
import { DriveTrace, type TraceLine, type TraceOption } from "#engine/drive-trace.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { systemClock } from "../port/system-clock.ts";
import { tickingClock } from "../port/ticking-clock.ts";
import { approval, planOf, run } from "../run/sample-plan.ts";
import { rig, success, type Script } from "./rig.ts";

const SAID = "what-the-step-said";
const talking: Script = async ({ sink }) => {
  await sink({ stream: "stdout", lines: [SAID] });
  return success();
};

function listening(always: boolean): { readonly lines: TraceLine[]; readonly trace: TraceOption } {
  const lines: TraceLine[] = [];
  return { lines, trace: { always, tell: (line) => void lines.push(line) } };
}

const incident = (state: "open" | "closed", commandId: string): InboxCommand => ({
  commandId,
  kind: "incident",
  body: { state, by: "ann", reason: "odd", until: timestampOf(systemClock.now() + 3_600_000) },
});

t.test("a trace of all runs tells each event and each effect, and never what a step said", async (t) => {
  const rigged = await rig(planOf([run("a"), run("b")]), talking);
  const { lines, trace } = listening(true);
  t.match(await rigged.drive({ trace }), { ok: true, value: { end: "finished" } });
  const events = (await rigged.events()).slice(1);
  t.same(
    lines.filter(({ event }) => event === "run.event"),
    events.map(({ eventType: type, stepId, attempt, sequence }) => ({
      event: "run.event",
      type,
      ...(stepId === undefined ? {} : { stepId }),
      ...(attempt === undefined ? {} : { attempt }),
      sequence,
    })),
  );
  for (const key of ["run:a:1", "run:b:1"]) {
    t.same(
      lines.filter((line) => "key" in line && line.key === key).map(({ event }) => event),
      ["effect.started", "effect.ended"],
    );
  }
  t.match(
    lines.find(({ event }) => event === "effect.ended"),
    { kind: "attempt", durationMs: Number },
  );
  t.ok(events.some(({ eventType }) => eventType === "step.output"));
  t.notMatch(JSON.stringify(lines), SAID);
});

t.test("without an incident nothing is told; from one that opens to its end everything is", async (t) => {
  const rigged = await rig(planOf([approval("ok"), run("after")]), talking, {
    snapshots: { take: async () => fail(faultOf(storeCodes, "STORE_FULL", { problem: "full" })) },
  });
  const { store, identity } = rigged;
  const { lines, trace } = listening(false);
  await rigged.drive({ trace });
  t.same(lines, []);
  await store.inbox.put(identity, incident("open", "one"));
  await rigged.drive({ trace });
  t.ok(lines.some((line) => line.event === "run.event" && line.type === "incident.opened"));
  t.ok(lines.some((line) => line.event === "snapshot.failed" && line.code === "STORE_FULL"));
  lines.length = 0;
  await store.inbox.put(identity, incident("closed", "two"));
  await rigged.drive({ trace });
  t.same(lines[0], { event: "run.command", commandId: "two", kind: "incident" });
  t.ok(lines.some((line) => line.event === "run.event" && line.type === "lease.acquired"));
  t.ok(lines.some((line) => line.event === "run.event" && line.type === "incident.closed"));
  lines.length = 0;
  await rigged.drive({ trace });
  t.same(lines, [], "it is over");
});

t.test("a store that refuses what is to be written is told with its code", async (t) => {
  const store = memoryRunStore({ clock: systemClock });
  const append: typeof store.ledger.append = async ({ runId }) => fail(faultOf(storeCodes, "LEASE_LOST", { runId }));
  const rigged = await rig(planOf([run("a")]), talking, { store: { ...store, ledger: { ...store.ledger, append } } });
  const { lines, trace } = listening(true);
  t.match(await rigged.drive({ trace }), { fault: { code: "LEASE_LOST" } });
  t.same(
    lines.filter(({ event }) => event === "store.conflict"),
    [{ event: "store.conflict", code: "LEASE_LOST" }],
  );
});

t.test("effects are measured from their start; of those that ran before the trace nobody knows", async (t) => {
  const clock = tickingClock();
  const state: { incident?: { readonly until: number } } = {};
  const { lines, trace } = listening(false);
  const traced = new DriveTrace(trace, state, clock);
  const attempt = (stepId: string) => ({ kind: "attempt", key: `run:${stepId}:1`, stepId, attempt: 1 }) as const;
  const timer = { kind: "timer", key: "timer:wall-clock", dueAt: 1 } as const;
  traced.wanted([attempt("early")]);
  t.same(lines, []);
  state.incident = { until: 1 };
  traced.wanted([attempt("early"), timer]);
  clock.tick(100);
  traced.wanted([attempt("early"), attempt("late")]);
  clock.tick(250);
  traced.wanted([]);
  const kind = "attempt";
  t.same(lines, [
    { event: "effect.started", key: "run:early:1", kind, already: true },
    { event: "effect.started", key: "run:late:1", kind },
    { event: "effect.ended", key: "run:early:1", kind },
    { event: "effect.ended", key: "run:late:1", kind, durationMs: 250 },
  ]);
  delete state.incident;
  traced.wanted([attempt("again")]);
  traced.tell({ event: "snapshot.failed", code: "X" });
  t.equal(lines.length, 4);
});
