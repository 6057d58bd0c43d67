import type { Clock } from "#port/clock.ts";
import type { RunKey } from "#port/run-store.ts";

/** What is watched: where ledgers and inboxes stand, and how others' doings are noticed. */
export type WatchGround = {
  readonly clock: Clock;
  /** How often other processes' doings are looked for, in milliseconds. */
  readonly pollMs: number;
  /** The sequence of the last whole event; 0 when it cannot be told. */
  readonly sequenceOf: (key: RunKey) => Promise<number>;
  /** The place of the last inbox command that waits, 0 when none does or it cannot be told. */
  readonly placeOf: (key: RunKey) => Promise<number>;
  /** Calls `wake` when the medium tells of a change of this run; takes that back. Undefined where it tells of none. */
  readonly notices?: (key: RunKey, wake: () => void) => (() => void) | undefined;
};

/** Up to which inbox place a run's commands were read here, and up to which one `changed` has told of them. */
type Known = { read: number; told: number };

/**
 * Waits for ledgers to grow and for inboxes to be filled. What this process does is told at once; what others do is found by
 * asking again. A command that waits unread is told at once the first time, and then once a poll: no arrival between
 * `pending` and `changed` is missed, and one that nobody takes does not make a follower of the ledger spin.
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
    if (milliseconds <= 0 || this.#closed) {
      return;
    }
    using waiting = this.#waitFor(key, milliseconds);
    if ((await this.#grew(key, after)) || (await this.#hasNews(key))) {
      return;
    }
    while (!waiting.over) {
      await waiting.next();
      if (waiting.over || (await this.#grew(key, after)) || (await this.#unread(key))) {
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

  async #grew(key: RunKey, after: number): Promise<boolean> {
    return (await this.#ground.sequenceOf(key)) > after;
  }

  async #unread(key: RunKey): Promise<boolean> {
    return this.#closed || (await this.#ground.placeOf(key)) > this.#knownOf(key).read;
  }

  async #hasNews(key: RunKey): Promise<boolean> {
    if (this.#closed) {
      // Closed while the ledger was asked: nothing is asked of a medium that was given back.
      return true;
    }
    const place = await this.#ground.placeOf(key);
    const known = this.#knownOf(key);
    const isNews = place > known.read && place > known.told;
    known.told = Math.max(known.told, place);
    return isNews;
  }

  #knownOf(key: RunKey): Known {
    const known = this.#known.get(key.runId) ?? { read: 0, told: 0 };
    this.#known.set(key.runId, known);
    return known;
  }

  /** Ends of the wait: time, a poke, a notice of the medium, a poll. Disposing takes back everything. */
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
    const poll = setInterval(wake, this.#ground.pollMs);
    const unwatch = this.#ground.notices?.(key, wake);
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
        unwatch?.();
        wakes.delete(wake);
        if (wakes.size === 0 && this.#wakes.get(key.runId) === wakes) {
          this.#wakes.delete(key.runId);
        }
      },
    };
  }
}
