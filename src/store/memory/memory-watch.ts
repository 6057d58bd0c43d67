import type { Clock } from "#port/clock.ts";
import type { RunKey } from "#port/run-store.ts";
import { findRun, type MemoryRun, type MemoryState } from "./memory-state.ts";

/** After this time a command that nobody takes is told of again, in milliseconds. */
const AGAIN_MS = 100;

/**
 * Waits for ledgers to grow and inboxes to be filled. A command that waits unread is told of at once the first time, and
 * then only after a while: none is missed, and one that nobody takes does not make a follower of the ledger spin.
 */
export class MemoryWatch {
  readonly #state: MemoryState;
  readonly #clock: Clock;
  readonly #read = new Map<string, number>();
  readonly #told = new Map<string, number>();
  readonly #ends = new Set<() => void>();
  #closed = false;

  constructor(state: MemoryState, clock: Clock) {
    this.#state = state;
    this.#clock = clock;
  }

  /** The inbox was read up to this place. */
  seen(key: RunKey, place: number): void {
    this.#read.set(key.runId, Math.max(place, this.#read.get(key.runId) ?? 0));
  }

  async changed(key: RunKey, after: number, milliseconds: number): Promise<void> {
    const found = findRun(this.#state, key);
    const run = found.ok ? found.value : undefined;
    const unread = run === undefined ? 0 : this.#unread(key, run);
    const told = this.#told.get(key.runId) ?? 0;
    this.#told.set(key.runId, Math.max(told, unread));
    if (this.#closed || milliseconds <= 0 || unread > told || (run?.head.sequence ?? 0) > after) {
      return;
    }
    const isNews = (): boolean =>
      run !== undefined && (run.head.sequence > after || this.#unread(key, run) > Math.max(told, unread));
    await this.#wait(run, unread > 0 ? Math.min(AGAIN_MS, milliseconds) : milliseconds, isNews);
  }

  close(): void {
    this.#closed = true;
    this.#ends.forEach((end) => end());
  }

  async #wait(run: MemoryRun | undefined, milliseconds: number, isNews: () => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = (): void => {
        takeBack();
        run?.wakes.delete(wake);
        this.#ends.delete(end);
        resolve();
      };
      const wake = (): void => (isNews() ? end() : undefined);
      const takeBack = this.#clock.after(milliseconds, end);
      run?.wakes.add(wake);
      this.#ends.add(end);
    });
  }

  /** The place of the last command that waits and was not read here; 0 when there is none. */
  #unread(key: RunKey, run: MemoryRun): number {
    const read = this.#read.get(key.runId) ?? 0;
    const places = [...run.commands.values()].filter((sent) => !sent.done).map((sent) => sent.place);
    return places.reduce((last, place) => (place > read ? Math.max(last, place) : last), 0);
  }
}
