import type { Change } from "../change.ts";
import { reportFile, type Event } from "../release.ts";
import { digestOfJson } from "../signed-file.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";
import { endedAtGate } from "./approvals.ts";
import {
  event,
  timed,
  without,
  insert,
  changed,
  finished,
  on,
  started,
  succeeded,
  skippedEvent,
  replaced,
  cancelRequest,
} from "../event-edits.ts";

const ORDER = "order ORDER_VIOLATED";
const UNKNOWN = "plan-nodes NODE_UNKNOWN";
const FOLD = "ledger-fold STATEMENT_MISMATCH";
const OUTCOME = "outcome OUTCOME_MISMATCH";
const outcome = (name: string, change: Change): TamperedCase => tampered(`outcome/${name}`, OUTCOME, change);
const failed = (stepId: string): readonly Event[] => [
  started(stepId),
  event("step.failed", { reason: "STEP_EXIT", durationMs: 1, code: "STEP_EXIT", hint: "", exitCode: 1 }, on(stepId, 1)),
];
/** `smoke` fails, `last` is skipped. */
const broken = (end: (change: Change) => Change = (change) => change): Change =>
  end(
    timed((events) => {
      const at = events.findIndex(({ stepId }) => stepId === "smoke");
      return events
        .filter(({ stepId }) => stepId !== "smoke" && stepId !== "last")
        .toSpliced(at, 0, ...failed("smoke"), skippedEvent("last", "UPSTREAM_FAILED"));
    }),
  );
const both = (one: Change, other: Change): Change => ({
  ...one,
  ...other,
  events: (events) => (other.events ?? ((same) => same))([...(one.events ?? ((same) => same))(events)]),
});

export const outcomeCases: readonly TamperedCase[] = [
  outcome("failed-step-in-a-run-that-succeeded", broken()),
  outcome("failed-for-another-reason", both(broken(), finished("failed", "RUN_WALL_CLOCK"))),
  outcome("cancelled-by-nobody", finished("cancelled", "RUN_CANCELLED")),
  outcome("failed-without-failure", finished("failed", "STEP_EXIT")),
  outcome("succeeded-with-a-reason", finished("succeeded", "STEP_EXIT")),
  outcome("wall-clock-that-never-ended", finished("failed", "RUN_WALL_CLOCK")),
  outcome("drift-that-never-was", finished("failed", "PLAN_DRIFT")),
  outcome("cut-short-and-succeeded", replaced("tidy", skippedEvent("tidy", "RUN_STOPPING"))),
  outcome(
    "cancelled-step-and-succeeded",
    replaced("tidy", started("tidy"), event("step.cancelled", { reason: "RUN_CANCELLED" }, on("tidy", 1))),
  ),
  outcome(
    "cancelled-by-a-user-called-wall-clock",
    both(insert("run.finished", undefined, cancelRequest()), finished("failed", "RUN_WALL_CLOCK")),
  ),
  outcome(
    "wall-clock-called-a-cancel",
    both(insert("run.finished", undefined, cancelRequest("timer:wall-clock")), finished("cancelled", "RUN_CANCELLED")),
  ),
  outcome("rejected-gate-and-succeeded", {
    decisions: [{ by: "approver-1", predicate: (plain) => ({ ...plain, decision: "reject" }) }],
    events: (events) =>
      endedAtGate(
        "gate.rejected",
        "",
      )(events).map((each) =>
        each.eventType === "run.finished"
          ? { ...each, metadata: { status: "succeeded", outputs: each.metadata["outputs"] } }
          : each,
      ),
  }),
  allowed("allowed/failed-for-its-reason", both(broken(), finished("failed", "STEP_EXIT"))),

  tampered(
    "order/skipped-by-a-condition-it-does-not-have",
    [ORDER, FOLD],
    replaced("tidy", skippedEvent("tidy", "WHEN_FALSE")),
  ),
  tampered(
    "order/skipped-although-nothing-failed",
    [ORDER, FOLD],
    replaced("tidy", skippedEvent("tidy", "UPSTREAM_FAILED")),
  ),
  tampered("order/succeeded-without-start", [ORDER, FOLD], without("step.started", "tidy")),
  tampered("order/succeeded-without-any-attempt", [ORDER, FOLD], replaced("tidy", succeeded("tidy", 3))),
  tampered("order/gate-passed-without-opening", [ORDER, UNKNOWN, FOLD], {
    decisions: [],
    request: (plain) => plain,
    events: (events) => events.filter(({ eventType }) => eventType !== "gate.opened"),
    files: (files) => {
      files.delete("approvals/ok/request.json");
      files.delete("approvals/ok/request.json.sigstore.json");
    },
  }),
  tampered("order/container-ended-by-itself", ORDER, {
    ...insert("step.started", "notify", skippedEvent("push", "RUN_STOPPING")),
    statuses: (plain) => plain.map((each) => (each.id === "push" ? { ...each, status: "succeeded" } : each)),
  }),
  tampered(
    "order/policy-allowed-with-a-code",
    [ORDER, UNKNOWN, FOLD],
    changed("policy.evaluated", undefined, { code: "POLICY_DENIED" }),
  ),
  tampered(
    "order/another-policy",
    [UNKNOWN, ORDER, FOLD],
    changed("policy.evaluated", undefined, { policyDigest: reportFile.digest }),
  ),
  tampered("order/expanded-to-more-items", [UNKNOWN, ORDER, FOLD], changed("map.expanded", undefined, { count: 3 })),
  tampered(
    "order/expanded-to-other-items",
    [UNKNOWN, ORDER, FOLD],
    changed("map.expanded", undefined, { items: digestOfJson(["eu", "cn"]) }),
  ),
  tampered(
    "order/items-written-out-that-the-plan-knows",
    [UNKNOWN, ORDER, FOLD],
    changed("map.expanded", undefined, { items: ["eu", "us"] }),
  ),
];
