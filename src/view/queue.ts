import type { RunStatus } from "#run/status.ts";

/** When and how urgently a run was asked for. */
type QueueTicket = {
  /** −100 … 100. */
  readonly priority: number;
  /** Times as milliseconds since 1970. */
  readonly scheduledAt?: number;
  readonly deadlineAt?: number;
};

/** A run as the queue sees it. */
export type QueuedRun = {
  readonly runId: string;
  readonly tenantId: string;
  readonly status: RunStatus;
  readonly createdAt: number;
} & QueueTicket;

export type SlaState = "scheduled" | "on_track" | "at_risk" | "breached" | "in_progress" | "completed" | "ended";

/** A deadline this near is at risk, in milliseconds. */
const AT_RISK_MS = 3_600_000;

/** How a run stands to its deadline. One that runs past it has breached it; one that has ended says only how. */
export function slaState(
  { status, scheduledAt = 0, deadlineAt = Number.POSITIVE_INFINITY }: SlaInput,
  now: number,
): SlaState {
  if (status === "succeeded") {
    return "completed";
  }
  if (status === "failed" || status === "cancelled") {
    return "ended";
  }
  if (now >= deadlineAt) {
    return "breached";
  }
  if (status === "running" || status === "waiting") {
    return "in_progress";
  }
  if (now < scheduledAt) {
    return "scheduled";
  }
  return deadlineAt - now <= AT_RISK_MS ? "at_risk" : "on_track";
}

type SlaInput = Pick<QueuedRun, "status" | "scheduledAt" | "deadlineAt">;

export type QueuePlace = { readonly run: QueuedRun; readonly eligible: boolean };

/**
 * The runs that have not begun, in the order in which they would: first those that may begin now. Higher priority goes
 * first; within one, tenants take turns and each tenant's runs go in the order in which they came. A tenant's turn comes
 * the later the more of its runs are at work, which may be `limit` at most. The order depends on nothing but the runs.
 */
export function queueOrder(
  runs: readonly QueuedRun[],
  atWork: ReadonlyMap<string, number>,
  limit: number,
  now: number,
): readonly QueuePlace[] {
  const pending = runs.filter(({ status }) => status === "pending").toSorted(byUrgency);
  const due = pending.filter(({ scheduledAt = 0 }) => scheduledAt <= now);
  const turns = new Map(atWork);
  const taken = due.map((run) => {
    const turn = turns.get(run.tenantId) ?? 0;
    turns.set(run.tenantId, turn + 1);
    return { run, turn, eligible: (atWork.get(run.tenantId) ?? 0) < limit };
  });
  const inTurn = taken.toSorted(
    (a, b) =>
      Number(b.eligible) - Number(a.eligible) ||
      b.run.priority - a.run.priority ||
      a.turn - b.turn ||
      byUrgency(a.run, b.run),
  );
  const later = pending
    .filter(({ scheduledAt = 0 }) => scheduledAt > now)
    .toSorted((a, b) => (a.scheduledAt ?? 0) - (b.scheduledAt ?? 0) || byUrgency(a, b));
  return [...inTurn.map(({ run, eligible }) => ({ run, eligible })), ...later.map((run) => ({ run, eligible: false }))];
}

function byUrgency(a: QueuedRun, b: QueuedRun): number {
  return b.priority - a.priority || a.createdAt - b.createdAt || (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0);
}
