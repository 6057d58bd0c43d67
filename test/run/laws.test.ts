import * as fc from "fast-check";
import t from "tap";
import { decodeUtf8 } from "#canon/utf8.ts";
import type { Json } from "#canon/json.ts";
import type { Plan } from "#plan/plan.ts";
import type { Command } from "#run/command.ts";
import { decide } from "#run/decide.ts";
import type { LedgerEvent } from "#run/event.ts";
import { eventMisfit } from "#run/event-shape.ts";
import { evolve } from "#run/evolve.ts";
import { goesOnAt } from "#run/goes-on-at.ts";
import { genesisHead, headOf, readLedgerLine, eventBytes } from "#run/ledger-chain.ts";
import { initialState, recordOf, restoreState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";
import { todo } from "#run/todo.ts";
import { fold, turn } from "#run/turn.ts";
import { driveRandom } from "./random-drive.ts";
import { randomPlan, randomScript, type RandomScript } from "./random-run.ts";
import { identityOf, sha256 } from "./sample-plan.ts";
import { ScriptedRun, START } from "./scripted-run.ts";

const json = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;
const law = (says: string, holds: (plan: Plan, chance: RandomScript, n: number) => void, numRuns = 150): void => {
  t.test(says, (t) => {
    fc.assert(fc.property(randomPlan, randomScript, fc.nat(), holds), { numRuns });
    t.pass();
    t.end();
  });
};

law("every run ends, and then every step has ended", (plan, chance) => {
  const driven = driveRandom(plan, chance);
  const open = runSummary(driven.state).steps.filter(({ status }) => !isTerminal(status));
  equal(open, []);
});

law("folding a prefix, keeping it as JSON, and folding the rest gives what folding all gives", (plan, chance, n) => {
  const { events, state } = driveRandom(plan, chance);
  const cut = n % (events.length + 1);
  const identity = identityOf(plan);
  const prefix = fold(plan, identity, events.slice(0, cut));
  const restored = restoreState(plan, structuredClone(recordOf(prefix)));
  equal(keysOf(restoreState(plan, structuredClone(recordOf(prefix)))), keysOf(prefix));
  for (const event of events.slice(cut)) {
    evolve(restored, event);
  }
  equal(json(recordOf(restored)), json(recordOf(state)));
  equal(runSummary(restored), runSummary(state));
});

/** What a state wants, once everything that leaves no event has been looked at. */
function keysOf(state: ReturnType<typeof fold>): readonly string[] {
  const events = turn(state, [], { now: state.lastTimestamp, sha256 });
  return [...events.map((event) => decodeUtf8(eventBytes(event)) ?? ""), ...todo(state, 3).map((effect) => effect.key)];
}

law("a run that is folded anew in the middle goes on as if nothing had happened", (plan, chance, n) => {
  const { events } = driveRandom(plan, chance);
  const cut = n % (events.length + 1);
  const identity = identityOf(plan);
  const folded = fold(plan, identity, events.slice(0, cut));
  const stepwise = initialState(plan, identity);
  for (const event of events.slice(0, cut)) {
    evolve(stepwise, event);
    todo(stepwise, 2);
  }
  equal(runSummary(folded), runSummary(stepwise));
});

law("who has driven a run and follows it since knows when it goes on as who folds it anew", (plan, chance) => {
  const { events } = driveRandom(plan, chance);
  const identity = identityOf(plan);
  const first = events.findIndex((event) => event.eventType === "run.waiting") + 1;
  const followed = fold(plan, identity, events.slice(0, first));
  keysOf(followed);
  for (const [at, event] of events.entries()) {
    if (at >= first) {
      evolve(followed, event);
      equal(goesOnAt(followed), goesOnAt(fold(plan, identity, events.slice(0, at + 1))));
    }
  }
});

law("the ledger's chain verifies, line by line, and every event has its form", (plan, chance) => {
  const { events } = driveRandom(plan, chance);
  let head = genesisHead(identityOf(plan), sha256);
  for (const event of events) {
    equal(eventMisfit(event), undefined);
    const read = readLedgerLine(eventBytes(event), head, sha256);
    if (!read.ok) {
      throw new Error(read.fault.message);
    }
    head = headOf(read.value);
  }
});

law("the same commands at the same times give the same bytes", (plan, chance) => {
  const lines = (): readonly string[] =>
    driveRandom(plan, chance).events.map((event) => decodeUtf8(eventBytes(event)) ?? "");
  equal(lines(), lines());
});

law("no step runs again once it has ended, and nothing follows the end of the run", (plan, chance) => {
  const ended = new Set<string>();
  for (const [at, event] of driveRandom(plan, chance).events.entries()) {
    if (event.eventType.startsWith("step.") && event.stepId !== undefined && ended.has(event.stepId)) {
      throw new Error(`${event.eventType} of ${event.stepId} at ${at}, after its end`);
    }
    if (["step.succeeded", "step.failed", "step.skipped", "step.cancelled"].includes(event.eventType)) {
      ended.add(event.stepId ?? "");
    }
  }
});

law("every attempt follows the one before it, and each ends once", (plan, chance) => {
  const last = new Map<string, number>();
  const running = new Set<string>();
  for (const { eventType, stepId = "", attempt } of driveRandom(plan, chance).events) {
    if (eventType === "step.started") {
      equal(attempt, (last.get(stepId) ?? 0) + 1);
      equal(running.has(stepId), false);
      last.set(stepId, attempt ?? 0);
      running.add(stepId);
    } else if (["step.retry", "step.succeeded", "step.failed", "step.cancelled"].includes(eventType)) {
      running.delete(stepId);
    }
  }
  equal([...running], []);
});

law("never more attempts run than may, neither in the run nor in any container", (plan, chance) => {
  const { maxParallel = 4 } = chance.script;
  driveRandom(plan, chance, ({ state }) => {
    const flying = [...state.live.flight];
    equal(flying.length <= maxParallel, true);
    for (const instance of state.live.byId.values()) {
      const { node } = instance.at;
      const limit = node.kind === "parallel" || node.kind === "map" ? node.maxParallel : undefined;
      const busy = new Set(
        flying.flatMap((each) => {
          let child = each;
          while (child.parent !== undefined && child.parent !== instance) {
            child = child.parent;
          }
          return child.parent === instance ? [node.kind === "map" ? String(child.item) : child.id] : [];
        }),
      );
      equal(limit === undefined || busy.size <= limit, true);
    }
  });
});

law("what is wanted stays wanted until it has ended or shall end", (plan, chance) => {
  let before: readonly string[] = [];
  driveRandom(plan, chance, (driven) => {
    const keys = driven
      .todo()
      .filter((effect) => effect.kind === "attempt")
      .map((effect) => effect.key);
    const { live, stop, finallyStop, verified } = driven.state;
    for (const key of before) {
      const [, stepId = "", attempt] = /^run:(.*):(\d+)$/.exec(key) ?? [];
      const record = live.byId.get(stepId)?.record;
      const over =
        record !== undefined &&
        (isTerminal(record.status) || record.notBefore !== undefined || record.attempts > Number(attempt));
      if (!keys.includes(key) && !over && stop === undefined && finallyStop === undefined && verified) {
        throw new Error(`${key} is not wanted any more`);
      }
    }
    before = keys;
  });
});

law("commands that were decided decide nothing when they come again", (plan, chance) => {
  const driven = driveRandom(plan, chance, (each) => {
    const commands: readonly Command[] = each.state.commandIds.flatMap((id) => [
      { id, kind: "cancel", by: "operator" },
      { id, kind: "decision", stepId: "s1", verdict: { kind: "refused", code: "X_Y", hint: "" } },
    ]);
    equal(each.sendAs(...commands), []);
  });
  equal(driven.sendAs({ id: "late", kind: "cancel", by: "operator" }), []);
});

const text = fc.oneof(
  fc.constantFrom("s1", "s2", "s3", "s3[0]::s4", "", "__proto__", "constructor"),
  fc.string({ unit: "binary" }),
);
const digest = fc.constant(identityOf({ x: 1 } as never).planHash);
const outcome = fc.oneof(
  fc.record({
    kind: fc.constant("succeeded"),
    durationMs: fc.nat(),
    artifacts: fc.constant([]),
    outputs: fc.dictionary(text, fc.jsonValue()),
  }),
  fc.record({
    kind: fc.constant("failed"),
    reason: text,
    hint: text,
    durationMs: fc.nat(),
    artifacts: fc.constant([]),
    exitCode: fc.nat(255),
  }),
  fc.record({ kind: fc.constant("cancelled"), durationMs: fc.nat(), artifacts: fc.constant([]) }),
);
const step = { id: text, stepId: text };
const attempt = { ...step, attempt: fc.integer({ min: -1, max: 3 }) };
const anyCommand = fc.oneof(
  fc.record({ ...attempt, kind: fc.constant("start"), secrets: fc.constant([]) }),
  fc.record({ ...attempt, kind: fc.constant("ended"), outcome }),
  fc.record({ ...attempt, kind: fc.constant("lost") }),
  fc.record({
    ...attempt,
    kind: fc.constant("output"),
    output: fc.record({ stream: fc.constant("stdout"), lines: fc.array(text) }),
  }),
  fc.record({ ...step, kind: fc.constant("gateFailed"), reason: text, hint: text }),
  fc.record({
    ...step,
    kind: fc.constant("gateOpened"),
    requestDigest: digest,
    notAfter: fc.constant("2026-01-05T09:00:00.000Z"),
  }),
  fc.record({ ...step, kind: fc.constant("confirmed"), void: fc.constant([]) }),
  fc.record({
    ...step,
    kind: fc.constant("policyEvaluated"),
    answer: fc.constantFrom("allowed", "denied", "undecided"),
    why: text,
    policyDigest: digest,
    contextDigest: digest,
  }),
  fc.record({
    ...step,
    kind: fc.constant("decision"),
    verdict: fc.oneof(
      fc.record({
        kind: fc.constant("accepted"),
        decision: fc.constantFrom("approve", "reject"),
        principal: text,
        payloadDigest: digest,
      }),
      fc.record({ kind: fc.constant("refused"), code: text, hint: text }),
    ),
  }),
  fc.record({ id: text, kind: fc.constant("cancel"), by: text }),
  fc.record({ id: text, kind: fc.constant("acquire"), owner: text, fence: fc.integer({ min: -1, max: 9 }) }),
  fc.record({ id: text, kind: fc.constant("verified"), engine: fc.record({ name: text, version: text }) }),
  fc.record({ id: text, kind: fc.constant("drifted"), node: text, pointer: text, hint: text }),
  fc.record({ id: text, kind: fc.constant("refused"), reason: text, hint: text }),
  fc.record({ id: text, kind: fc.constant("tick") }),
) as fc.Arbitrary<unknown> as fc.Arbitrary<Command>;

t.test("no command whatsoever makes the core throw, and the chain holds all the same", (t) => {
  fc.assert(
    fc.property(randomPlan, fc.array(fc.array(anyCommand, { maxLength: 4 }), { maxLength: 30 }), (plan, turns) => {
      const driven = new ScriptedRun(plan);
      for (const commands of turns) {
        commands.forEach((command) => decide(driven.state, command, { now: START, sha256 }));
        driven.now += 100;
        driven.sendAs(...commands);
        driven.todo();
      }
      const again = fold(plan, identityOf(plan), driven.events);
      equal(runSummary(again), runSummary(driven.state));
    }),
    { numRuns: 300 },
  );
  t.pass();
  t.end();
});

t.test("no event whatsoever makes the fold throw", (t) => {
  fc.assert(
    fc.property(randomPlan, randomPlan, randomScript, fc.nat(), (plan, other, chance, n) => {
      const { events } = driveRandom(other, chance);
      const state = initialState(plan, identityOf(plan));
      const shuffled = events.map((event, at): LedgerEvent => events[(at * 7 + n) % events.length] ?? event);
      shuffled.forEach((event) => evolve(state, event));
      runSummary(state);
    }),
    { numRuns: 100 },
  );
  t.pass();
  t.end();
});

function equal(found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (a !== b) {
    throw new Error(`found ${a}, wanted ${b}`);
  }
}
