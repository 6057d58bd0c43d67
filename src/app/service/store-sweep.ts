import type { Fault } from "#fault/fault.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Workplace } from "../workplace.ts";

/** How often the store is asked to remove what interrupted uploads have left, in milliseconds. */
const SWEEP_MS = 3_600_000;

/** What came of a sweep: a line of the service's log. */
export type SweepNote = {
  readonly event: "store.swept" | "store.failed";
  readonly fault?: Fault;
  /** Of a bug. */
  readonly error?: unknown;
  /** Of pieces that were removed. */
  readonly count?: number;
};

/** Has the store remove what interrupted uploads have left: at first, and every hour. Nobody waits for it but who ends. */
export class StoreSweep {
  readonly #workplace: Pick<Workplace, "artifacts" | "clock">;
  readonly #note: (note: SweepNote) => void;
  #dueAt = Number.NEGATIVE_INFINITY;
  #sweeping: Promise<void> | undefined;

  constructor(workplace: Pick<Workplace, "artifacts" | "clock">, note: (note: SweepNote) => void) {
    this.#workplace = workplace;
    this.#note = note;
  }

  /** Begins a sweep where one is due and none is under way. */
  look(): void {
    const { artifacts, clock } = this.#workplace;
    const now = clock.monotonic();
    if (artifacts.sweep === undefined || now < this.#dueAt || this.#sweeping !== undefined) {
      return;
    }
    this.#dueAt = now + SWEEP_MS;
    this.#sweeping = this.#sweep(artifacts.sweep).finally(() => {
      this.#sweeping = undefined;
    });
  }

  async end(): Promise<void> {
    await this.#sweeping;
  }

  async #sweep(sweep: () => Promise<number>): Promise<void> {
    try {
      const count = await sweep();
      if (count > 0) {
        this.#note({ event: "store.swept", count });
      }
    } catch (error) {
      this.#note({ event: "store.failed", ...(error instanceof StoreError ? { fault: error.fault } : { error }) });
    }
  }
}
