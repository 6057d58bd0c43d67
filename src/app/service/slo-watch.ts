import { millisecondsOf } from "#canon/timestamp.ts";
import { storeFailure } from "#engine/store-fault.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import type { Clock } from "#port/clock.ts";
import type { InboxStore, RunKey } from "#port/run-store.ts";
import type { EventType, LedgerEvent } from "#run/event.ts";
import { entryOf } from "#run/run-record.ts";
import type { RunState } from "#run/state.ts";
import { incidentBody } from "../incident.ts";

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

/** What a state says of them. @public */
export function sloFacts({ startedAt, live, gates }: RunState): SloFacts {
  const open = [...live.open].map(({ id }) => [id, entryOf(gates, id)?.opened?.at ?? 0] as const);
  const told = [...live.seen].filter((id) => id.startsWith(OF_RUN));
  return { ...(startedAt === undefined ? {} : { startedAt }), open: new Map(open), told: new Set(told) };
}

/** Adds one event; events come in ledger order. True when it changed something. @public */
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

/** What the run has broken or breaks later if it stays as it is, the earliest first, without what was told. @public */
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

/** Longest wait before the clock is asked again, in milliseconds: a host may have slept. */
const LOOK_AGAIN_MS = 60_000;
/** Until what could not be put into the inbox is tried again, in milliseconds. */
const AGAIN_MS = 5000;

export type SloPorts = {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly inbox: Pick<InboxStore, "put" | "done">;
  /** How long an incident lasts. */
  readonly incidentMs: number;
};

/**
 * Watches one run while it is driven: what it breaks is put into its inbox, where its driver finds it.
 * 1. Every server gives the command of a breach the same id, and an id decides once: of several one opens the incident.
 * 2. Nothing of this is left in the inbox of a run that has ended.
 */
export class SloWatch {
  readonly #run: RunKey;
  readonly #slo: Plan["slo"];
  readonly #facts: SloFacts;
  readonly #ports: SloPorts;
  readonly #sent = new Set<string>();
  #sending: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;

  constructor({ tenantId, runId }: RunKey, state: RunState, ports: SloPorts) {
    this.#run = { tenantId, runId };
    this.#slo = state.plan.slo;
    this.#facts = sloFacts(state);
    this.#ports = ports;
  }

  /** Puts what is due now, and from then on what comes due. Faults: those of the store. */
  async begin(): Promise<Result<void>> {
    const put = await this.#putDue();
    if (put.ok) {
      this.#wait();
    }
    return put;
  }

  /** What was written to the run's ledger. */
  take(events: readonly LedgerEvent[]): void {
    if (events.filter((event) => addSloEvent(this.#facts, event)).length > 0) {
      this.#wait();
    }
  }

  async end(isFinished: boolean): Promise<void> {
    this.#cancel();
    await this.#sending;
    this.#cancel();
    if (isFinished && this.#sent.size > 0) {
      // What cannot be taken out now stays there for nobody.
      await this.#ports.inbox.done(this.#run, [...this.#sent]).catch(storeFailure);
    }
  }

  #unsent(): readonly Breach[] {
    return breachesOf(this.#facts, this.#slo).filter(({ commandId }) => !this.#sent.has(commandId));
  }

  #wait(least = 0): void {
    this.#cancel();
    const { clock } = this.#ports;
    const [next] = this.#unsent();
    if (next === undefined) {
      return;
    }
    const wait = Math.min(LOOK_AGAIN_MS, Math.max(least, next.at - clock.now()));
    this.#cancel = clock.after(wait, () => {
      this.#sending = this.#putDue().then((put) => this.#wait(put.ok ? 0 : AGAIN_MS));
    });
  }

  async #putDue(): Promise<Result<void>> {
    const { clock, inbox, incidentMs } = this.#ports;
    const now = clock.now();
    for (const { commandId, reason } of this.#unsent().filter(({ at }) => at <= now)) {
      const body = incidentBody({ state: "open", reason, ttlMs: incidentMs }, "slo", now);
      const put = await inbox.put(this.#run, { commandId, kind: "incident", body }).catch(storeFailure);
      if (!put.ok) {
        return put;
      }
      this.#sent.add(commandId);
    }
    return ok(undefined);
  }
}
