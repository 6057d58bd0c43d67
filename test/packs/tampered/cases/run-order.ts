import { reportFile, time, type Event } from "../release.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";
import { endedAtGate } from "./approvals.ts";
import {
  event,
  timed,
  without,
  insert,
  moved,
  on,
  started,
  succeeded,
  skippedEvent,
  replaced,
  node,
  cancelRequest,
  changed,
  find,
} from "../event-edits.ts";

const ORDER = "order ORDER_VIOLATED";
const UNKNOWN = "plan-nodes NODE_UNKNOWN";
const FOLD = "ledger-fold STATEMENT_MISMATCH";
const otherRun = "019b8cc2-8400-7000-8000-000000000002";

export const orderCases: readonly TamperedCase[] = [
  tampered(
    "order/run-finished-twice",
    ORDER,
    timed((events) => [...events, ...events.slice(-1)]),
  ),
  tampered(
    "order/event-behind-the-end",
    ORDER,
    timed((events) => [...events, event("lease.acquired", { owner: "host-2", fence: 2 })]),
  ),
  tampered(
    "order/run-created-twice",
    ORDER,
    timed((events) => [...events.slice(0, 1), ...events]),
  ),
  tampered(
    "order/run-created-late",
    ORDER,
    timed((events) => [events[1] as Event, events[0] as Event, ...events.slice(2)]),
  ),
  tampered(
    "order/run-started-twice",
    ORDER,
    insert(
      "run.waiting",
      undefined,
      event("run.started", { engine: { name: "packrun", version: "0.1.0" }, sandbox: { mode: "sealed" } }),
    ),
  ),
  tampered("order/plan-never-verified", [ORDER, UNKNOWN, FOLD], without("plan.verified")),
  tampered(
    "order/attempt-beyond-the-most",
    ORDER,
    replaced(
      "smoke",
      started("smoke"),
      event("step.retry", { reason: "STEP_EXIT", notBefore: time(0) }, on("smoke", 1)),
      started("smoke", 2),
      succeeded("smoke", 2),
    ),
  ),
  tampered("order/attempt-left-out", ORDER, replaced("smoke", started("smoke", 2), succeeded("smoke", 2))),
  tampered("order/attempt-twice", ORDER, replaced("smoke", started("smoke"), started("smoke"), succeeded("smoke"))),
  tampered(
    "order/started-again-after-its-end",
    ORDER,
    replaced("smoke", started("smoke"), succeeded("smoke"), started("smoke", 2), succeeded("smoke", 2)),
  ),
  tampered("order/ended-twice", ORDER, replaced("smoke", started("smoke"), succeeded("smoke"), succeeded("smoke"))),
  tampered(
    "order/failed-after-it-succeeded",
    ORDER,
    replaced(
      "tidy",
      started("tidy"),
      succeeded("tidy"),
      event("step.cancelled", { reason: "RUN_CANCELLED" }, on("tidy", 1)),
    ),
  ),
  tampered("order/behind-the-gate-before-the-decision", ORDER, moved("step.started", "smoke", "gate.decision")),
  tampered("order/behind-the-gate-before-it-passed", ORDER, moved("step.started", "smoke", "gate.passed")),
  tampered("order/before-what-it-needs", ORDER, moved("step.started", "last", "step.succeeded", "smoke")),
  tampered("order/finally-before-the-rest-is-over", ORDER, moved("step.started", "tidy", "step.succeeded", "last")),
  tampered(
    "order/finally-never-ran",
    ORDER,
    timed((events) => events.filter(({ stepId }) => stepId !== "tidy")),
  ),
  tampered("order/step-never-ended", ORDER, without("step.succeeded", "tidy")),
  tampered(
    "order/output-of-a-skipped-step",
    ORDER,
    insert("policy.evaluated", undefined, event("step.output", { stream: "stdout", lines: ["hello"] }, on("extra", 1))),
  ),
  tampered(
    "order/output-behind-the-end",
    ORDER,
    insert("run.finished", undefined, event("step.output", { stream: "stdout", lines: ["hello"] }, on("smoke", 1))),
  ),
  tampered(
    "order/output-of-another-attempt",
    ORDER,
    insert("step.succeeded", "smoke", event("step.output", { stream: "stdout", lines: ["hello"] }, on("smoke", 2))),
  ),
  tampered(
    "order/output-of-a-gate",
    ORDER,
    insert("gate.passed", undefined, event("step.output", { stream: "stdout", lines: ["hello"] }, on("ok", 1))),
  ),
  tampered(
    "order/secret-behind-the-end",
    ORDER,
    insert("run.finished", undefined, event("secret.resolved", { name: "token", provider: "env" }, on("tidy", 1))),
  ),
  tampered(
    "order/sandbox-never-began",
    ORDER,
    insert("step.started", "smoke", event("sandbox.enforced", { mode: "sealed", limits: {} }, on("smoke", 1))),
  ),
  tampered(
    "order/gate-opened-twice",
    ORDER,
    insert(
      "run.waiting",
      undefined,
      event("gate.opened", { requestDigest: `sha256:${"a".repeat(64)}`, notAfter: time(0) }, on("ok")),
    ),
  ),
  tampered("order/decision-behind-the-end-of-the-gate", ORDER, moved("gate.passed", "ok", "gate.decision")),
  tampered("order/skipped-while-it-runs", ORDER, {
    ...replaced("tidy", started("tidy"), skippedEvent("tidy", "RUN_STOPPING"), succeeded("tidy")),
    statuses: (plain) => plain.map((each) => (each.id === "tidy" ? { ...each, status: "succeeded" } : each)),
  }),
  tampered("order/begins-after-it-was-cancelled", ORDER, insert("step.started", "smoke", cancelRequest())),
  tampered(
    "order/gate-passes-after-the-run-was-cancelled",
    [ORDER, UNKNOWN, FOLD],
    insert("gate.passed", undefined, cancelRequest()),
  ),
  tampered(
    "order/begins-after-the-wall-clock",
    ORDER,
    insert(
      "step.started",
      "last",
      event("run.cancelRequested", { commandId: "timer:wall-clock", by: "engine", reason: "RUN_WALL_CLOCK" }),
    ),
  ),
  tampered(
    "order/finally-after-drift",
    ORDER,
    insert("step.started", "tidy", event("plan.drift", { node: "tidy", pointer: "", code: "PLAN_DRIFT", hint: "" })),
  ),
  tampered(
    "order/lost-attempt-without-another",
    ORDER,
    replaced("tidy", started("tidy"), event("step.lost", {}, on("tidy", 1)), started("tidy", 2), succeeded("tidy", 2)),
  ),
  tampered(
    "order/reused-although-it-ran",
    ORDER,
    replaced(
      "tidy",
      started("tidy"),
      succeeded("tidy"),
      event("step.succeeded", { durationMs: 0, outputs: {}, reusedFrom: otherRun }, on("tidy")),
    ),
  ),
  tampered("order/switched-off-by-the-plan", ORDER, { ...node("notify", { when: false }) }),
  allowed("allowed/lost-and-idempotent", {
    ...node("tidy", { idempotent: true }),
    ...replaced(
      "tidy",
      started("tidy"),
      event("step.lost", {}, on("tidy", 1)),
      started("tidy", 2),
      succeeded("tidy", 2),
    ),
  }),
  allowed("allowed/cancel-that-came-too-late", insert("run.finished", undefined, cancelRequest())),
  allowed("allowed/gate-rejected", {
    decisions: [{ by: "approver-1", predicate: (plain) => ({ ...plain, decision: "reject" }) }],
    events: endedAtGate("gate.rejected", "GATE_REJECTED"),
  }),

  tampered(
    "order/step-that-the-plan-does-not-have",
    UNKNOWN,
    insert("run.waiting", undefined, started("ghost"), succeeded("ghost")),
  ),
  tampered(
    "order/item-beyond-the-expansion",
    UNKNOWN,
    insert("step.started", "notify", started("push[2]::send"), succeeded("push[2]::send")),
  ),
  tampered(
    "order/item-before-the-expansion",
    UNKNOWN,
    insert("map.expanded", undefined, event("step.output", { stream: "stdout", lines: [] }, on("push[0]::send", 1))),
  ),
  tampered(
    "order/template-in-place-of-an-item",
    UNKNOWN,
    insert("step.started", "notify", skippedEvent("send", "WHEN_FALSE")),
  ),
  tampered(
    "order/gate-end-on-a-step",
    UNKNOWN,
    insert("step.started", "notify", event("gate.passed", {}, on("smoke"))),
  ),
  tampered(
    "order/expansion-of-a-step",
    UNKNOWN,
    insert("step.started", "notify", event("map.expanded", { count: 0, items: [] }, on("smoke"))),
  ),
  tampered(
    "order/policy-of-a-step",
    [UNKNOWN, "policies POLICY_CONTEXT_MISMATCH"],
    insert(
      "step.started",
      "notify",
      event(
        "policy.evaluated",
        { allowed: true, policyDigest: reportFile.digest, contextDigest: reportFile.digest },
        on("smoke"),
      ),
    ),
  ),
  tampered("order/two-decisions-of-one-command", ORDER, changed("gate.decision", "ok", { commandId: "c-1" })),
  tampered("order/passed-and-expired", ORDER, insert("map.expanded", undefined, event("gate.expired", {}, on("ok")))),
  tampered("order/rejected-unopened", [ORDER, FOLD], insert("gate.opened", "ok", event("gate.rejected", {}, on("ok")))),
  tampered("order/policy-twice", ORDER, {
    events: (events) => {
      const at = find(events, "policy.evaluated");
      const first = events[at] as Event;
      const other = { ...first, metadata: { ...first.metadata, contextDigest: reportFile.digest } };
      return events.toSpliced(at + 1, 0, other);
    },
  }),
  tampered(
    "order/gate-taken-over",
    UNKNOWN,
    insert(
      "gate.opened",
      "ok",
      event("step.succeeded", { durationMs: 0, outputs: {}, reusedFrom: otherRun }, on("ok")),
    ),
  ),
  tampered(
    "order/unexpanded-after-a-cancel",
    ORDER,
    insert("run.finished", undefined, cancelRequest(), started("push[4]::send")),
  ),
];
