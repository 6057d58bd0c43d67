import { millisecondsOf, timestampOf } from "#canon/timestamp.ts";
import type { Clock } from "#port/clock.ts";
import type { RunIndex, RunRow } from "#port/run-store.ts";
import { isTerminal } from "#run/status.ts";

/** How often all rows are read, in milliseconds: a row that came later than its time is seen by then. */
const WHOLE_MS = 30_000;
/** A row is written a little later than it says, by clocks of several hosts, in milliseconds. */
const LATE_MS = 10_000;

/**
 * The runs that have not ended, as the index has them: however many there are, only what changed is read again; and when
 * each tenant's turn last was. What ended before the first reading is not known of.
 */
export class QueueBoard {
  readonly #index: Pick<RunIndex, "unfinished" | "changedSince">;
  readonly #now: Clock["now"];
  readonly #begunAt = new Map<string, number>();
  #rows = new Map<string, RunRow>();
  #readAt = Number.NEGATIVE_INFINITY;
  #newest = 0;

  constructor(index: Pick<RunIndex, "unfinished" | "changedSince">, now: Clock["now"]) {
    this.#index = index;
    this.#now = now;
  }

  async rows(): Promise<readonly RunRow[]> {
    const now = this.#now();
    if (now - this.#readAt >= WHOLE_MS || now < this.#readAt) {
      const rows = await this.#index.unfinished();
      this.#rows = new Map(rows.map((row) => [row.runId, row]));
      this.#readAt = now;
      rows.forEach((row) => this.#see(row));
    } else {
      const changed = await this.#index.changedSince(timestampOf(Math.max(0, this.#newest - LATE_MS)));
      changed.forEach((row) => this.#take(row));
    }
    return [...this.#rows.values()];
  }

  /** When a run of each tenant that had been left to a service last began, in milliseconds since 1970. */
  get begunAt(): ReadonlyMap<string, number> {
    return this.#begunAt;
  }

  /** A run of this tenant is about to begin: its turn is over, whatever becomes of that and whenever a row says so. */
  begins(tenantId: string): void {
    this.#begin(tenantId, this.#now());
  }

  /** Where another host's clock is ahead, its tenants need not wait until this one's is there. */
  #begin(tenantId: string, at: number): void {
    this.#begunAt.set(tenantId, Math.max(Math.min(at, this.#now()), this.#begunAt.get(tenantId) ?? 0));
  }

  #take(row: RunRow): void {
    this.#see(row);
    if (isTerminal(row.status)) {
      this.#rows.delete(row.runId);
    } else {
      this.#rows.set(row.runId, row);
    }
  }

  #see({ tenantId, updatedAt, startedAt, status, queue }: RunRow): void {
    this.#newest = Math.max(this.#newest, millisecondsOf(updatedAt) ?? 0);
    // A cancel of a run that waits to begin has its ledger say that it began, too.
    if (startedAt !== undefined && queue !== undefined && status !== "cancelled") {
      this.#begin(tenantId, millisecondsOf(startedAt) ?? 0);
    }
  }
}
