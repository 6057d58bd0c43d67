import { millisecondsOf } from "#canon/timestamp.ts";
import type { RunKey, RunRow } from "#port/run-store.ts";
import { queueOrder, slaState, type QueuedRun, type QueuePlace } from "#view/queue.ts";
import type { QueueStanding } from "./service.ts";

/** A row that was left to a service, as the queue sees it. */
function queuedRun(row: RunRow): QueuedRun {
  const { priority = 0, scheduledAt, deadlineAt } = row.queue ?? {};
  const scheduled = scheduledAt === undefined ? undefined : millisecondsOf(scheduledAt);
  const deadline = deadlineAt === undefined ? undefined : millisecondsOf(deadlineAt);
  return {
    runId: row.runId,
    tenantId: row.tenantId,
    status: row.status,
    createdAt: millisecondsOf(row.createdAt) ?? 0,
    priority,
    ...(scheduled === undefined ? {} : { scheduledAt: scheduled }),
    ...(deadline === undefined ? {} : { deadlineAt: deadline }),
  };
}

/**
 * The runs that wait to begin, in the order in which they will. `begunAt`: when runs of tenants last began, in milliseconds
 * since 1970. `busy`: runs that are at work whatever their row says.
 */
export function queueOf(
  rows: readonly RunRow[],
  begunAt: ReadonlyMap<string, number>,
  limit: number,
  now: number,
  busy: ReadonlySet<string> = new Set(),
): readonly QueuePlace[] {
  const atWork = new Map<string, number>();
  for (const { runId, tenantId, status } of rows) {
    if (status === "running" || busy.has(runId)) {
      atWork.set(tenantId, (atWork.get(tenantId) ?? 0) + 1);
    }
  }
  const left = rows.filter(({ queue, runId }) => queue !== undefined && !busy.has(runId));
  return queueOrder(left.map(queuedRun), { atWork, begunAt }, limit, now);
}

/** Where a run stands; undefined where it does not wait to begin. */
export function standingOf(
  key: RunKey,
  rows: readonly RunRow[],
  begunAt: ReadonlyMap<string, number>,
  limit: number,
  now: number,
): QueueStanding | undefined {
  const places = queueOf(rows, begunAt, limit, now);
  const at = places.findIndex(({ run }) => run.runId === key.runId && run.tenantId === key.tenantId);
  const place = places[at];
  return place === undefined
    ? undefined
    : { eligible: place.eligible, slaState: slaState(place.run, now), position: at + 1 };
}
