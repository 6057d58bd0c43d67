import type { Clock } from "#port/clock.ts";
import type { InboxStore, RunKey } from "#port/run-store.ts";
import type { InboxCommand } from "#run/inbox-command.ts";

/** How often the inbox is read while a run is driven, in milliseconds. */
export const INBOX_MS = 100;

/**
 * Brings a run's inbox commands to its driver, each once.
 * Invariant: a command leaves the inbox only after what came of it is in the ledger.
 */
export class Mailbox {
  readonly #inbox: InboxStore;
  readonly #clock: Clock;
  readonly #key: RunKey;
  readonly #deliver: (sent: InboxCommand, recorded: () => void) => Promise<void>;
  readonly #taken = new Set<string>();
  readonly #recorded: string[] = [];
  #dueAt = 0;

  constructor(
    key: RunKey,
    ports: { inbox: InboxStore; clock: Clock },
    deliver: (sent: InboxCommand, recorded: () => void) => Promise<void>,
  ) {
    this.#key = key;
    this.#inbox = ports.inbox;
    this.#clock = ports.clock;
    this.#deliver = deliver;
  }

  /** Delivers what is new, at most every `INBOX_MS`; with `now`, at once. True when something was delivered. */
  async read(now: boolean): Promise<boolean> {
    const time = this.#clock.monotonic();
    if (!now && time < this.#dueAt) {
      return false;
    }
    this.#dueAt = time + INBOX_MS;
    const fresh = (await this.#inbox.pending(this.#key)).filter((sent) => !this.#taken.has(sent.commandId));
    for (const sent of fresh) {
      this.#taken.add(sent.commandId);
      await this.#deliver(sent, () => this.#recorded.push(sent.commandId));
    }
    return fresh.length > 0;
  }

  /** Takes out of the inbox what is in the ledger now. */
  async close(): Promise<void> {
    const done = this.#recorded.splice(0);
    if (done.length > 0) {
      await this.#inbox.done(this.#key, done);
    }
  }
}
