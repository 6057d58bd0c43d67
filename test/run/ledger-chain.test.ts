import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import t from "tap";
import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOfJson } from "#canon/digest.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import type { EventDraft, LedgerEvent } from "#run/event.ts";
import { eventTypes, type EventType } from "#run/event.ts";
import { eventMisfit } from "#run/event-shape.ts";
import {
  checkEvent,
  eventBytes,
  genesisHash,
  genesisHead,
  headOf,
  readLedgerLine,
  sealEvent,
} from "#run/ledger-chain.ts";
import { levelOf, messageOf } from "#run/event-words.ts";
import { digestOfText, identityOf, planOf, run, sha256 } from "./sample-plan.ts";
import { ScriptedRun, START } from "./scripted-run.ts";

const plan = planOf([run("a")]);
const identity = identityOf(plan);
const lineOf = (event: LedgerEvent): string => decodeUtf8(eventBytes(event)) ?? "";
const beginning = genesisHead(identity, sha256);
const { events } = new ScriptedRun(plan).go();
const [created, lease] = events as unknown as readonly [LedgerEvent, LedgerEvent];
const problemOf = (result: ReturnType<typeof checkEvent>): string | undefined =>
  result.ok ? undefined : `${result.fault.code} ${result.fault.message}`;

t.test("a chain begins at the digest of what the run is", (t) => {
  const { runId, tenantId, trustDomain, planHash } = identity;
  t.equal(genesisHash(identity, sha256), digestOfJson({ runId, tenantId, trustDomain, planHash }, sha256));
  t.equal(created.prev, beginning.hash);
  t.end();
});

t.test("an event is written as its canonical bytes, whatever its metadata holds", (t) => {
  const strings = fc.string({ unit: "binary" }).filter((text) => !/\p{Surrogate}/u.test(text));
  const drafts = fc.record({
    eventType: fc.constant("step.succeeded"),
    stepId: strings,
    attempt: fc.nat(),
    metadata: fc.dictionary(strings, fc.jsonValue(), { noNullPrototype: true }),
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<EventDraft>;
  fc.assert(
    fc.property(drafts, fc.nat(), (draft, sequence) => {
      const event = sealEvent(draft, { ...beginning, sequence }, START, sha256);
      const { hash, ...others } = event;
      const line = lineOf(event);
      return (
        line === `${canonicalJson(event)}\n` &&
        lineOf(event) === line &&
        lineOf({ ...event }) === line &&
        hash === digestOfJson(others, sha256) &&
        JSON.stringify(Object.keys(event)) === JSON.stringify(Object.keys(event).toSorted())
      );
    }),
  );
  t.end();
});

t.test("a whole ledger reads back line by line", (t) => {
  let head = beginning;
  for (const event of events) {
    const bytes = eventBytes(event);
    const read = readLedgerLine(bytes, head, sha256);
    t.strictSame(eventBytes({ ...event }), bytes, "a copy has the same bytes");
    t.strictSame(eventBytes(event), bytes, "and so has what is written again");
    t.strictSame(read, { ok: true, value: event });
    head = headOf(event);
  }
  t.equal(head.sequence, events.length);
  t.ok(readLedgerLine(eventBytes(created).subarray(0, -1), beginning, sha256).ok, "without its newline too");
  t.end();
});

t.test("what is wrong with a line is said", (t) => {
  const text = lineOf(created);
  const read = (line: string): string | undefined => problemOf(readLedgerLine(encodeUtf8(line), beginning, sha256));
  const cases = [
    [text.replace("operator", "0perator"), /event 1: hash is not that of its content/],
    [text.replace("}\n", " }\n"), /bytes are not canonical/],
    [text.replace('"sequence":1', '"sequence":1.0'), /bytes are not canonical/],
    ["not json\n", /not JSON in UTF-8/],
    ["[]\n", /expected an object/],
    [text.replace('"sequence":1', '"sequence":2'), /sequence 2 stands where 1 belongs/],
    [text.replace("run.created", "run.invented"), /expected one of run.created/],
    [text.replace('"level"', '"extra":1,"level"'), /unknown member "extra"/],
  ] as const;
  for (const [line, problem] of cases) {
    t.match(read(line), problem);
    t.match(read(line), /^LEDGER_BROKEN/);
  }
  t.match(problemOf(readLedgerLine(Uint8Array.of(0xff, 0x0a), beginning, sha256)), /not JSON in UTF-8/);
  t.end();
});

t.test("an event belongs behind exactly one other", (t) => {
  const head = headOf(created);
  t.ok(checkEvent(lease, head, sha256).ok);
  t.match(problemOf(checkEvent(lease, beginning, sha256)), /sequence 2 stands where 1 belongs/);
  const moved = { ...head, hash: digestOfText("elsewhere") };
  t.match(problemOf(checkEvent(lease, moved, sha256)), /prev is not the hash of the event before/);
  const later = { ...head, timestamp: head.timestamp + 1 };
  t.match(problemOf(checkEvent(lease, later, sha256)), /timestamp lies before/);
  const half = { ...lease, metadata: { owner: "\ud800", fence: 1 } };
  t.match(problemOf(checkEvent(half, head, sha256)), /hash is not that of its content/);
  t.end();
});

t.test("every one-byte change of a line is noticed", (t) => {
  const bytes = eventBytes(lease);
  const head = headOf(created);
  fc.assert(
    fc.property(fc.nat(bytes.length - 2), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ change;
      return !readLedgerLine(changed, head, sha256).ok;
    }),
    { numRuns: 500 },
  );
  t.end();
});

t.test("a timestamp is never before the one ahead of it", (t) => {
  const draft = { eventType: "plan.verified", metadata: {} } as const;
  t.equal(
    sealEvent(draft, { ...beginning, timestamp: START }, START - 5, sha256).timestamp,
    "2026-01-05T08:00:00.000Z",
  );
  t.equal(
    sealEvent(draft, { ...beginning, timestamp: START }, START + 5, sha256).timestamp,
    "2026-01-05T08:00:00.005Z",
  );
  t.end();
});

t.test("halves of characters become U+FFFD, and what JSON cannot hold is a bug", (t) => {
  const drift = { node: "a", pointer: "", code: "PLAN_DRIFT", hint: "x\udc00y" };
  const event = sealEvent({ eventType: "plan.drift", metadata: drift }, beginning, START, sha256);
  t.match(event.metadata, { hint: "x\ufffdy" });
  t.ok(readLedgerLine(eventBytes(event), beginning, sha256).ok);
  const lost = { eventType: "lease.acquired", metadata: { owner: "x", fence: Number.NaN } } as const;
  t.throws(() => sealEvent(lost, beginning, START, sha256), /lease.acquired holds what JSON cannot/);
  t.end();
});

t.test("stepId and attempt stand exactly where they belong", (t) => {
  const sealed = (draft: object): LedgerEvent => sealEvent(draft as EventDraft, beginning, START, sha256);
  const refusal = { commandId: "c", code: "GATE_CLOSED", hint: "" };
  const done = { durationMs: 1, outputs: {} };
  const missing = { name: "r", status: "missing", notes: "STEP_OUTPUT_MISSING" };
  const cases = [
    [{ eventType: "plan.verified", metadata: {}, stepId: "a" }, /unknown member "stepId"/],
    [{ eventType: "step.skipped", metadata: { reason: "X_Y" }, stepId: "a", attempt: 1 }, /unknown member "attempt"/],
    [{ eventType: "step.lost", metadata: {}, stepId: "a" }, /member "attempt" is missing/],
    [{ eventType: "step.lost", metadata: {}, stepId: "a", attempt: 0 }, /expected an integer from 1/],
    [{ eventType: "gate.passed", metadata: {} }, /member "stepId" is missing/],
    [{ eventType: "gate.passed", metadata: {}, stepId: "a[*]::b" }, /the id of a step/],
    [{ eventType: "gate.passed", metadata: {}, stepId: "a[01]::b" }, /the id of a step/],
    [{ eventType: "gate.passed", metadata: {}, stepId: "a[1]::b[20]::c-d" }, undefined],
    [{ eventType: "gate.refused", metadata: refusal }, /GATE_UNKNOWN/],
    [{ eventType: "gate.refused", metadata: { ...refusal, code: "GATE_UNKNOWN" }, stepId: "a" }, /GATE_UNKNOWN/],
    [{ eventType: "gate.refused", metadata: { ...refusal, code: "GATE_UNKNOWN" } }, undefined],
    [{ eventType: "step.succeeded", metadata: done, stepId: "a" }, /reusedFrom/],
    [{ eventType: "step.succeeded", metadata: { ...done, reusedFrom: "r" }, stepId: "a", attempt: 1 }, /reusedFrom/],
    [{ eventType: "step.succeeded", metadata: { ...done, reusedFrom: "r" }, stepId: "a" }, undefined],
    [{ eventType: "step.artifact", metadata: missing, stepId: "a", attempt: 1 }, undefined],
    [{ eventType: "step.artifact", metadata: { ...missing, size: 1 }, stepId: "a", attempt: 1 }, /digest and size/],
  ] as const;
  for (const [draft, problem] of cases) {
    const found = eventMisfit(sealed(draft));
    if (problem === undefined) {
      t.equal(found, undefined);
    } else {
      t.match(found, problem);
    }
  }
  t.end();
});

t.test("the level of an event follows from what it says", (t) => {
  const level = (eventType: EventType, metadata: object = {}): string => levelOf({ eventType, metadata } as EventDraft);
  const errors: readonly EventType[] = ["step.failed", "plan.drift", "gate.rejected", "gate.expired"];
  const warnings: readonly EventType[] = [
    "step.retry",
    "step.lost",
    "gate.refused",
    "egress.denied",
    "policy.evaluated",
  ];
  for (const type of Object.keys(eventTypes) as EventType[]) {
    const expected = errors.includes(type) ? "error" : warnings.includes(type) ? "warn" : "info";
    t.equal(level(type), expected, type);
  }
  t.equal(level("run.finished", { status: "failed" }), "error");
  t.equal(level("run.finished", { status: "cancelled" }), "info");
  t.equal(level("policy.evaluated", { allowed: true }), "info");
  t.end();
});

t.test("messages are one line about the event", (t) => {
  t.strictSame(
    events.map((event) => messageOf(event)),
    [
      "run created",
      "lease 1 acquired",
      "plan recompiled to the pinned bytes",
      "run started",
      "a attempt 1 started",
      "a attempt 1 succeeded",
      "run succeeded",
    ],
  );
  const refusal = { commandId: "c", code: "GATE_UNKNOWN", hint: "" };
  t.equal(messageOf({ eventType: "gate.refused", metadata: refusal }), "decision refused: GATE_UNKNOWN");
  t.end();
});

t.test("a ledger's bytes are these", (t) => {
  const golden = readFileSync(new URL("one-step.ledger.jsonl", import.meta.url), "utf8");
  t.equal(events.map((event) => decodeUtf8(eventBytes(event))).join(""), golden);
  t.end();
});
