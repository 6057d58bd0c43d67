import { millisecondsOf } from "#canon/timestamp.ts";
import type { Plan } from "#plan/plan.ts";
import type { EventType, LedgerEvent } from "#run/event.ts";
import { entryOf } from "#run/run-record.ts";
import type { RunState } from "#run/state.ts";

/** An objective of its pack that a run breaks, and the id of the command that opens the incident: one for each, ever. */
export type Breach = {
  readonly commandId: string;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
};

/** What objectives are held to. Times are milliseconds since 1970. */
export type SloFacts = {
  startedAt?: number;
  /** Gates that are open, by id, and since when. */
  readonly open: Map<string, number>;
  /** Commands of breaches that the ledger records already. */
  readonly told: Set<string>;
};

const OF_RUN = "incident:slo";
/** Events with which a gate that is open ends. */
const CLOSING: ReadonlySet<EventType> = new Set([
  "gate.passed",
  "gate.rejected",
  "gate.expired",
  "step.skipped",
  "step.cancelled",
]);

/** What a state says of them. */
export function sloFacts({ startedAt, live, gates }: RunState): SloFacts {
  const open = [...live.open].map(({ id }) => [id, entryOf(gates, id)?.opened?.at ?? 0] as const);
  const told = [...live.seen].filter((id) => id.startsWith(OF_RUN));
  return { ...(startedAt === undefined ? {} : { startedAt }), open: new Map(open), told: new Set(told) };
}

/** Adds one event; events come in ledger order. True when it changed something. */
export function addSloEvent(facts: SloFacts, event: LedgerEvent): boolean {
  const { eventType, stepId = "" } = event;
  if (eventType === "run.started") {
    facts.startedAt ??= millisecondsOf(event.timestamp) ?? 0;
    return true;
  }
  if (eventType === "gate.opened") {
    facts.open.set(stepId, millisecondsOf(event.timestamp) ?? 0);
    return true;
  }
  if (eventType === "incident.opened" && event.metadata.commandId.startsWith(OF_RUN)) {
    facts.told.add(event.metadata.commandId);
    return true;
  }
  return CLOSING.has(eventType) && facts.open.delete(stepId);
}

/** What the run has broken or breaks later if it stays as it is, the earliest first, without what was told. */
export function breachesOf({ startedAt, open, told }: SloFacts, slo: Plan["slo"]): readonly Breach[] {
  const { runP95Seconds, approvalP95Seconds } = slo ?? {};
  const found: Breach[] = [];
  if (runP95Seconds !== undefined && startedAt !== undefined) {
    const reason = `it takes longer than the ${runP95Seconds} s of its slo.runP95Seconds`;
    found.push({ commandId: OF_RUN, reason, at: startedAt + runP95Seconds * 1000 });
  }
  if (approvalP95Seconds !== undefined) {
    for (const [gate, since] of open) {
      const reason = `gate ${gate} stands open longer than the ${approvalP95Seconds} s of its slo.approvalP95Seconds`;
      found.push({ commandId: `${OF_RUN}:${gate}`, reason, at: since + approvalP95Seconds * 1000 });
    }
  }
  return found.filter(({ commandId }) => !told.has(commandId)).toSorted((a, b) => a.at - b.at);
}

/** When a run breaks an objective next, in milliseconds since 1970; infinite where it has none or all was told. */
export function nextBreach(state: RunState): number {
  const { slo } = state.plan;
  const [next] = slo === undefined ? [] : breachesOf(sloFacts(state), slo);
  return next?.at ?? Number.POSITIVE_INFINITY;
}
