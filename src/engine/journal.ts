import type { Sha256 } from "#canon/digest.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Clock } from "#port/clock.ts";
import type { Lease, LedgerStore, RunKey } from "#port/run-store.ts";
import type { Command } from "#run/command.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunState } from "#run/state.ts";
import { turn } from "#run/turn.ts";

/**
 * The run in memory and the ledger on disk, kept in step: commands become events in memory first, then all events of a
 * turn are written with one append. Nothing may be done because of an event before `flush` has returned.
 */
export class Journal {
  readonly state: RunState;
  readonly #ledger: LedgerStore;
  readonly #clock: Clock;
  readonly #sha256: Sha256;
  readonly #key: RunKey;
  #unwritten: LedgerEvent[] = [];
  #written: { sequence: number; hash: LedgerEvent["hash"] };

  constructor(state: RunState, ports: { ledger: LedgerStore; clock: Clock; sha256: Sha256 }) {
    this.state = state;
    this.#ledger = ports.ledger;
    this.#clock = ports.clock;
    this.#sha256 = ports.sha256;
    this.#key = { tenantId: state.identity.tenantId, runId: state.identity.runId };
    this.#written = state.head;
  }

  /** Decides these commands; the events are in `state` at once and in the ledger after the next `flush`. */
  take(commands: readonly Command[]): readonly LedgerEvent[] {
    const events = turn(this.state, commands, { now: this.#clock.now(), sha256: this.#sha256 });
    this.#unwritten.push(...events);
    return events;
  }

  /** Writes what is unwritten; the events that are now in the ledger. Output alone need not survive a power cut. */
  async flush(lease: Lease): Promise<Result<readonly LedgerEvent[]>> {
    const events = this.#unwritten;
    if (events.length === 0) {
      return ok(events);
    }
    this.#unwritten = [];
    const durable = events.some((event) => event.eventType !== "step.output");
    const appended = await this.#ledger.append(this.#key, lease, this.#written, events, { durable });
    if (!appended.ok) {
      return appended;
    }
    const { sequence, hash } = this.state.head;
    this.#written = { sequence, hash };
    return ok(events);
  }
}
