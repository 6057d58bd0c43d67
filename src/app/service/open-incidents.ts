import { timestampOf } from "#canon/timestamp.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Clock } from "#port/clock.ts";
import type { RunKey, RunRow } from "#port/run-store.ts";
import type { QueueBoard } from "./queue-board.ts";

/** How long what the index said is good for, in milliseconds. */
const FRESH_MS = 2000;

/**
 * Which runs have an open incident, as their rows say. The store is asked at most every `FRESH_MS`, however often one wants to
 * know; one that fails is not said here: it is no reason to refuse what is asked of it next.
 */
export class OpenIncidents {
  readonly #board: Pick<QueueBoard, "rows">;
  readonly #clock: Pick<Clock, "now" | "monotonic">;
  #open: readonly RunRow[] = [];
  #freshUntil = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(board: Pick<QueueBoard, "rows">, clock: Pick<Clock, "now" | "monotonic">) {
    this.#board = board;
    this.#clock = clock;
  }

  async has({ tenantId, runId }: RunKey): Promise<boolean> {
    if (this.#clock.monotonic() >= this.#freshUntil) {
      await (this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined;
      }));
    }
    const now = timestampOf(this.#clock.now());
    return this.#open.some(
      (row) => row.runId === runId && row.tenantId === tenantId && row.incident !== undefined && row.incident > now,
    );
  }

  async #read(): Promise<void> {
    try {
      this.#open = (await this.#board.rows()).filter(({ incident }) => incident !== undefined);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        throw error;
      }
    }
    this.#freshUntil = this.#clock.monotonic() + FRESH_MS;
  }
}
