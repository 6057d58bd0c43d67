import { watch, type FSWatcher } from "node:fs";
import type { Clock } from "#port/clock.ts";
import type { RunKey } from "#port/run-store.ts";

/** How often other processes' doings are looked for where the system does not tell of them, in milliseconds. */
const POLL_MS = 100;

export type WatchGround = {
  readonly clock: Clock;
  readonly ledgerOf: (key: RunKey) => string;
  /** The sequence of the last whole event. */
  readonly sequenceOf: (key: RunKey) => Promise<number>;
  /** The place of the last inbox command that waits, 0 when none does. */
  readonly placeOf: (key: RunKey) => number;
};

/** Up to which inbox place a run's commands were read here, and up to which one `changed` has told of them. */
type Known = { read: number; told: number };

/**
 * Waits for ledgers to grow and for inboxes to be filled, by this process or another.
 * A command that waits unread is told at once the first time, and then once a poll: no arrival between `pending` and
 * `changed` is missed, and one that nobody takes does not make a follower of the ledger spin.
 */
export class ChangeWatch {
  readonly #ground: WatchGround;
  readonly #wakes = new Map<string, Set<() => void>>();
  readonly #known = new Map<string, Known>();
  #closed = false;

  constructor(ground: WatchGround) {
    this.#ground = ground;
  }

  /** Something was done to this run by this process. */
  poke(key: RunKey): void {
    this.#wakes.get(key.runId)?.forEach((wake) => wake());
  }

  /** The inbox was read up to this place. */
  seen(key: RunKey, place: number): void {
    const known = this.#knownOf(key);
    known.read = Math.max(known.read, place);
  }

  async changed(key: RunKey, after: number, milliseconds: number): Promise<void> {
    if (milliseconds <= 0 || (await this.#ground.sequenceOf(key)) > after || this.#closed || this.#tellsOfInbox(key)) {
      return;
    }
    using waiting = this.#waitFor(key, milliseconds);
    while (!waiting.over) {
      await waiting.next();
      const grew = (await this.#ground.sequenceOf(key)) > after;
      if (grew || waiting.over || this.#ground.placeOf(key) > this.#knownOf(key).read) {
        return;
      }
    }
  }

  close(): void {
    this.#closed = true;
    for (const wakes of this.#wakes.values()) {
      wakes.forEach((wake) => wake());
    }
  }

  #tellsOfInbox(key: RunKey): boolean {
    const known = this.#knownOf(key);
    const place = this.#ground.placeOf(key);
    const isNews = place > known.read && place > known.told;
    known.told = Math.max(known.told, place);
    return isNews;
  }

  #knownOf(key: RunKey): Known {
    const known = this.#known.get(key.runId) ?? { read: 0, told: 0 };
    this.#known.set(key.runId, known);
    return known;
  }

  /** Ends of the wait: time, a poke, a notice of the file system, a poll. Disposing takes back everything. */
  #waitFor(key: RunKey, milliseconds: number): Disposable & { readonly over: boolean; next: () => Promise<void> } {
    let over = false;
    let woken = false;
    let resolve: (() => void) | undefined;
    const wake = (): void => {
      woken = true;
      resolve?.();
    };
    const wakes = this.#wakes.get(key.runId) ?? new Set();
    this.#wakes.set(key.runId, wakes.add(wake));
    const takeBack = this.#ground.clock.after(milliseconds, () => {
      over = true;
      wake();
    });
    const poll = setInterval(wake, POLL_MS);
    const watcher = watchFile(this.#ground.ledgerOf(key), wake);
    const isClosed = (): boolean => this.#closed;
    return {
      get over(): boolean {
        return over || isClosed();
      },
      next: async () => {
        // A wake that came while nobody waited counts.
        await new Promise<void>((done) => {
          resolve = done;
          if (woken) {
            done();
          }
        });
        woken = false;
      },
      [Symbol.dispose]: () => {
        takeBack();
        clearInterval(poll);
        watcher?.close();
        wakes.delete(wake);
        if (wakes.size === 0 && this.#wakes.get(key.runId) === wakes) {
          this.#wakes.delete(key.runId);
        }
      },
    };
  }
}

/** Undefined where the system has no watches left or the file is not there: then polling has to do. */
function watchFile(path: string, wake: () => void): FSWatcher | undefined {
  try {
    return watch(path, wake).on("error", () => undefined);
  } catch {
    return undefined;
  }
}
