import { millisecondsOf } from "#canon/timestamp.ts";
import type { NodeKind } from "#plan/plan.ts";
import type { LedgerEvent } from "#run/event.ts";
import { expiredSince } from "#run/gate-standing.ts";
import type { RunState } from "#run/state.ts";
import type { StepStatus } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";

/**
 * What a step did in a stretch of time: ran an attempt, waited before the next one, or waited for people. Milliseconds
 * since 1970; `open` is what goes on, `over` a wait that ended; `expired` also a
 * gate that is over before anybody has recorded it.
 */
export type TimelineSpan = {
  readonly kind: "attempt" | "retry" | "gate";
  readonly attempt?: number;
  readonly from: number;
  readonly to: number;
  readonly end: "succeeded" | "failed" | "cancelled" | "lost" | "passed" | "rejected" | "expired" | "over" | "open";
};

export type TimelineRow = {
  readonly id: string;
  readonly kind: NodeKind;
  readonly status: StepStatus;
  readonly reason?: string;
  readonly reusedFrom?: string;
  readonly spans: readonly TimelineSpan[];
};

/** When each step of a run did what, in canonical order; containers have no row. */
export type Timeline = { readonly from: number; readonly to: number; readonly rows: readonly TimelineRow[] };

/** By step, in the order in which they began. */
export type Spans = Map<string, TimelineSpan[]>;

/** Takes what an event tells of a step's time; events come in ledger order. */
export function addSpan(spans: Spans, event: LedgerEvent): void {
  const { stepId, eventType } = event;
  const at = millisecondsOf(event.timestamp) ?? 0;
  if (stepId === undefined) {
    return;
  }
  if (eventType === "step.started") {
    endSpan(spans, stepId, at, "over");
    beginSpan(spans, stepId, { kind: "attempt", attempt: event.attempt ?? 1, from: at, to: at, end: "open" });
  } else if (eventType === "step.retry") {
    // Also says that the attempt failed: `step.failed` is for the last one.
    endSpan(spans, stepId, at, "failed");
    beginSpan(spans, stepId, { kind: "retry", from: at, to: at, end: "open" });
  } else if (eventType === "gate.opened") {
    beginSpan(spans, stepId, { kind: "gate", from: at, to: at, end: "open" });
  } else if (eventType in ENDS) {
    endSpan(spans, stepId, at, ENDS[eventType as keyof typeof ENDS]);
  }
}

/** The timeline of a run whose spans these are; one that is not over lasts until `now`. */
export function timelineOf(state: RunState, spans: Spans, now: number): Timeline {
  const to = state.finishedAt ?? Math.max(now, state.lastTimestamp);
  const openEnd = (id: string): Pick<TimelineSpan, "to" | "end"> => {
    const over = expiredSince(state, id, to);
    return over === undefined ? { to, end: "open" } : { to: over, end: "expired" };
  };
  const rows = runSummary(state)
    .steps.filter(({ kind }) => kind !== "parallel" && kind !== "map")
    .map(({ id, kind, status, reason, reusedFrom }) => ({
      id,
      kind,
      status,
      ...(reason === undefined ? {} : { reason }),
      ...(reusedFrom === undefined ? {} : { reusedFrom }),
      spans: (spans.get(id) ?? []).map((span) => (span.end === "open" ? { ...span, ...openEnd(id) } : span)),
    }));
  return { from: state.createdAt ?? to, to, rows };
}

const ENDS = {
  "step.succeeded": "succeeded",
  "step.failed": "failed",
  "step.cancelled": "cancelled",
  "step.skipped": "cancelled",
  "step.lost": "lost",
  "gate.passed": "passed",
  "gate.rejected": "rejected",
  "gate.expired": "expired",
} as const;

function beginSpan(spans: Spans, stepId: string, span: TimelineSpan): void {
  const before = spans.get(stepId);
  if (before === undefined) {
    spans.set(stepId, [span]);
  } else {
    before.push(span);
  }
}

function endSpan(spans: Spans, stepId: string, to: number, end: TimelineSpan["end"]): void {
  const of = spans.get(stepId);
  const last = of?.at(-1);
  if (of !== undefined && last?.end === "open") {
    of[of.length - 1] = { ...last, to, end };
  }
}
