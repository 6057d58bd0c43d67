import type { Fault } from "#fault/fault.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Settings } from "../settings.ts";
import type { Workplace } from "../workplace.ts";
import { sweepUploads } from "./uploads.ts";

/** How often what interrupted uploads have left is removed, in milliseconds. */
const SWEEP_MS = 3_600_000;

/** What came of a sweep: a line of the service's log. */
export type SweepNote = {
  readonly event: "store.swept" | "store.failed";
  readonly fault?: Fault;
  /** Of a bug. */
  readonly error?: unknown;
  /** Of pieces of artifacts, or of uploads of packs, that were removed. */
  readonly count?: number;
};

type SweepPorts = Pick<Workplace, "artifacts" | "clock"> & { readonly settings: Pick<Settings, "stateFolder"> };

/**
 * Has what interrupted uploads of packs and artifacts have left removed: at first, and every hour. Nobody waits for it but who
 * ends.
 */
export class StoreSweep {
  readonly #workplace: SweepPorts;
  readonly #note: (note: SweepNote) => void;
  #dueAt = Number.NEGATIVE_INFINITY;
  #sweeping: Promise<void> | undefined;

  constructor(workplace: SweepPorts, note: (note: SweepNote) => void) {
    this.#workplace = workplace;
    this.#note = note;
  }

  /** Begins a sweep where one is due and none is under way. */
  look(): void {
    const now = this.#workplace.clock.monotonic();
    if (now < this.#dueAt || this.#sweeping !== undefined) {
      return;
    }
    this.#dueAt = now + SWEEP_MS;
    this.#sweeping = this.#sweepAll().finally(() => {
      this.#sweeping = undefined;
    });
  }

  async end(): Promise<void> {
    await this.#sweeping;
  }

  async #sweepAll(): Promise<void> {
    const { artifacts, settings } = this.#workplace;
    const sweeps = [() => sweepUploads(settings), ...(artifacts.sweep === undefined ? [] : [artifacts.sweep])];
    await Promise.all(sweeps.map(async (sweep) => this.#sweep(sweep)));
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
