import { setTimeout as pause } from "node:timers/promises";
import type { LedgerStore, RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";

/** Events of a run that are kept in memory for those who follow it. */
const KEPT = 512;
/** How long the ledger is waited for at a time, in milliseconds. */
const WATCH_MS = 5000;
/** A wait that ends without news is not begun again at once, in milliseconds. */
const REST_MS = 20;

/**
 * Ledgers that are followed by many at once. Everyone goes through the events by their sequence, from the store or, near
 * the end, from what one reader for all of them has just read: nothing is lost or doubled where one becomes the other, and
 * whoever is slow holds nothing in memory.
 */
export class RunFeeds {
  readonly #feeds = new Map<string, RunFeed>();

  /** Events behind `after` until the run is over or the signal aborts; `idle` after each `idleMs` without one. */
  async *follow(
    key: RunKey,
    ledger: LedgerStore,
    after: number,
    { signal, idleMs }: { readonly signal: AbortSignal; readonly idleMs: number },
  ): AsyncGenerator<LedgerEvent | "idle"> {
    const name = `${key.tenantId}/${key.runId}`;
    const feed = this.#feeds.get(name) ?? new RunFeed(key, ledger);
    this.#feeds.set(name, feed);
    feed.followers += 1;
    try {
      let seen = after;
      while (!signal.aborted) {
        let found = false;
        for await (const event of feed.known(seen)) {
          found = true;
          seen = event.sequence;
          yield event;
          if (event.eventType === "run.finished" || signal.aborted) {
            return;
          }
        }
        if (!found && !(await feed.news(seen, idleMs, signal))) {
          yield "idle";
        }
      }
    } finally {
      feed.followers -= 1;
      if (feed.followers === 0) {
        this.#feeds.delete(name);
        feed.close();
      }
    }
  }
}

/** The end of one ledger, read once for all who wait there. */
class RunFeed {
  followers = 0;
  readonly #key: RunKey;
  readonly #ledger: LedgerStore;
  #recent: LedgerEvent[] = [];
  /** The last event that was read here; undefined until somebody has waited. */
  #last: number | undefined;
  readonly #wakes = new Set<(failure?: unknown) => void>();
  #isReading = false;
  #isClosed = false;

  constructor(key: RunKey, ledger: LedgerStore) {
    this.#key = key;
    this.#ledger = ledger;
  }

  /** What is known behind `seen`: from memory where that goes back far enough. */
  async *known(seen: number): AsyncGenerator<LedgerEvent> {
    const [first] = this.#recent;
    if (this.#last !== undefined && (seen >= this.#last || (first !== undefined && first.sequence <= seen + 1))) {
      yield* this.#recent.filter(({ sequence }) => sequence > seen);
    } else {
      yield* this.#ledger.read(this.#key, seen);
    }
  }

  /** Whether there are events behind `seen` before the time is over. Rejects when the ledger cannot be read. */
  async news(seen: number, milliseconds: number, signal: AbortSignal): Promise<boolean> {
    this.#last ??= seen;
    if (this.#last > seen) {
      return true;
    }
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    const wake = (failure?: unknown): void => (failure === undefined ? resolve(true) : reject(failure));
    const giveUp = (): void => resolve(false);
    const timer = setTimeout(giveUp, milliseconds);
    signal.addEventListener("abort", giveUp, { once: true });
    this.#wakes.add(wake);
    if (!this.#isReading) {
      this.#isReading = true;
      this.#readOn(this.#last).catch(reject);
    }
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      this.#wakes.delete(wake);
    }
  }

  close(): void {
    this.#isClosed = true;
  }

  async #readOn(from: number): Promise<void> {
    let last = from;
    try {
      while (!this.#isClosed) {
        const news: LedgerEvent[] = [];
        for await (const event of this.#ledger.read(this.#key, last)) {
          news.push(event);
          last = event.sequence;
          if (news.length === KEPT) {
            this.#tell(news.splice(0));
          }
        }
        if (news.length > 0) {
          this.#tell(news);
        } else {
          await pause(REST_MS);
        }
        await this.#ledger.changed(this.#key, last, WATCH_MS);
      }
    } catch (error) {
      this.#last = undefined;
      this.#recent = [];
      this.#isReading = false;
      this.#wakes.forEach((wake) => wake(error));
    }
  }

  #tell(news: readonly LedgerEvent[]): void {
    this.#recent = [...this.#recent, ...news].slice(-KEPT);
    this.#last = news.at(-1)?.sequence ?? this.#last;
    this.#wakes.forEach((wake) => wake());
  }
}
