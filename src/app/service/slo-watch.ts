import { storeFailure } from "#engine/store-fault.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import type { Clock } from "#port/clock.ts";
import type { InboxStore, RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { incidentBody } from "../incident.ts";
import { addSloEvent, breachesOf, sloFacts, type Breach, type SloFacts } from "./slo-breach.ts";

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
 * 2. Nothing of this is left in the inbox of a run that has ended, whether it could be sealed or not.
 * 3. Once it has ended itself, it waits for nothing and puts nothing.
 */
export class SloWatch {
  readonly #run: RunKey;
  readonly #slo: Plan["slo"];
  readonly #facts: SloFacts;
  readonly #ports: SloPorts;
  readonly #sent = new Set<string>();
  /** What is put is put one after another: a store may take longer than the next wait. */
  #sending: Promise<void> = Promise.resolve();
  /** The run has ended: nothing is put into its inbox any more, and nothing of this stays there. */
  #isOver: boolean;
  #isLeft = false;
  #cancel: () => void = () => undefined;

  constructor({ tenantId, runId }: RunKey, state: RunState, ports: SloPorts) {
    this.#run = { tenantId, runId };
    this.#slo = state.plan.slo;
    this.#facts = sloFacts(state);
    this.#isOver = isTerminal(state.status);
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
    this.#isOver ||= events.some(({ eventType }) => eventType === "run.finished");
    if (this.#isOver) {
      this.#cancel();
    } else if (events.filter((event) => addSloEvent(this.#facts, event)).length > 0) {
      this.#wait();
    }
  }

  async end(): Promise<void> {
    this.#isLeft = true;
    this.#cancel();
    await this.#sending;
    if (this.#isOver && this.#sent.size > 0) {
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
    if (next === undefined || this.#isDone()) {
      return;
    }
    const wait = Math.min(LOOK_AGAIN_MS, Math.max(least, next.at - clock.now()));
    this.#cancel = clock.after(wait, () => {
      this.#sending = this.#sendBehind(this.#sending);
    });
  }

  async #sendBehind(earlier: Promise<void>): Promise<void> {
    await earlier;
    const put = await this.#putDue();
    this.#wait(put.ok ? 0 : AGAIN_MS);
  }

  #isDone(): boolean {
    return this.#isLeft || this.#isOver;
  }

  async #putDue(): Promise<Result<void>> {
    const { clock, inbox, incidentMs } = this.#ports;
    const now = clock.now();
    for (const { commandId, reason } of this.#unsent().filter(({ at }) => at <= now)) {
      if (this.#isDone()) {
        break;
      }
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
