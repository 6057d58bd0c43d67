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

/** What tenants, by their ids, have had of the places where runs are at work. */
export type TenantShares = {
  /** How many of its runs are at work. */
  readonly atWork: ReadonlyMap<string, number>;
  /** When one of its runs last began, in milliseconds since 1970; a tenant of which none is known comes before all others. */
  readonly begunAt: ReadonlyMap<string, number>;
};

/**
 * The runs that have not begun, in the order in which they would: first those that may begin now. Higher priority goes
 * first; within one, tenants take turns, and each tenant's runs go in the order in which they came. Next is the turn of
 * the tenant that has begun nothing for the longest time. A tenant with `limit` runs at work has to wait for their end.
 * 1. The order depends on nothing but what is given, and not on the order in which it is given.
 * 2. When the first has begun, the order of all others is as it was, unless that took its tenant to its limit.
 */
export function queueOrder(
  runs: readonly QueuedRun[],
  { atWork, begunAt }: TenantShares,
  limit: number,
  now: number,
): readonly QueuePlace[] {
  const pending = runs.filter(({ status }) => status === "pending").toSorted(byUrgency);
  const due = pending
    .filter(({ scheduledAt = 0 }) => scheduledAt <= now)
    .map((run) => ({ run, eligible: (atWork.get(run.tenantId) ?? 0) < limit }));
  const later = pending
    .filter(({ scheduledAt = 0 }) => scheduledAt > now)
    .toSorted((a, b) => (a.scheduledAt ?? 0) - (b.scheduledAt ?? 0) || byUrgency(a, b))
    .map((run) => ({ run, eligible: false }));
  const groups = groupsOf(due, ({ run, eligible }) => `${eligible} ${run.priority}`);
  const ranked = [...groups.values()].toSorted(([a], [b]) => byGroup(a, b));
  return [...inTurns(ranked, begunAt), ...later];
}

/** The same places, those of each group tenant by tenant. `groups` are in their order, and so are the runs in them. */
function inTurns(
  groups: readonly (readonly QueuePlace[])[],
  begunAt: ReadonlyMap<string, number>,
): readonly QueuePlace[] {
  // Whoever is put into the order now has begun later than everyone who has begun.
  const last = new Map(begunAt);
  let end = [...begunAt.values()].reduce((latest, at) => Math.max(latest, at), 0);
  return groups.flatMap((group) => {
    const places = [...groupsOf(group, ({ run }) => run.tenantId)]
      .toSorted(([a], [b]) => (last.get(a) ?? 0) - (last.get(b) ?? 0))
      .flatMap(([, mine], rank) => mine.map((place, turn) => ({ place, turn, rank })))
      .toSorted((a, b) => a.turn - b.turn || a.rank - b.rank)
      .map(({ place }) => place);
    for (const { run } of places) {
      end += 1;
      last.set(run.tenantId, end);
    }
    return places;
  });
}

/** The places of each name, in the order in which they were given. */
function groupsOf(
  places: readonly QueuePlace[],
  nameOf: (place: QueuePlace) => string,
): ReadonlyMap<string, readonly QueuePlace[]> {
  const groups = new Map<string, QueuePlace[]>();
  for (const place of places) {
    const group = groups.get(nameOf(place)) ?? [];
    group.push(place);
    groups.set(nameOf(place), group);
  }
  return groups;
}

function byGroup(a: QueuePlace | undefined, b: QueuePlace | undefined): number {
  return Number(b?.eligible) - Number(a?.eligible) || (b?.run.priority ?? 0) - (a?.run.priority ?? 0);
}

function byUrgency(a: QueuedRun, b: QueuedRun): number {
  return b.priority - a.priority || a.createdAt - b.createdAt || (a.runId < b.runId ? -1 : a.runId > b.runId ? 1 : 0);
}
