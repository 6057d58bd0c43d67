import { millisecondsOf, timestampOf } from "#canon/timestamp.ts";
import type { RunIndex, RunRow } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";

/**
 * The row of a run while it is driven: so that others see that it has left the queue, and whether an incident of it is open.
 * A row is disposable: one that is not written is no harm, and the row at the end of the shift stands over all of these.
 */
export class RowMarks {
  readonly #index: Pick<RunIndex, "put">;
  #row: RunRow;
  #written: Promise<unknown> = Promise.resolve();

  constructor(row: RunRow, index: Pick<RunIndex, "put">) {
    this.#row = row;
    this.#index = index;
  }

  /** Events of one turn, which are in the ledger. */
  take(events: readonly LedgerEvent[]): void {
    const isBegun = hasBegun(events);
    const startedAt = events.find(({ eventType }) => eventType === "run.started")?.timestamp;
    const incident = events.findLast(isOfIncident);
    if (!isBegun && incident === undefined) {
      return;
    }
    const { incident: before, ...row } = this.#row;
    const until = incident === undefined ? before : untilOf(incident);
    // A moment earlier than the event: where the shift ends with it, its own row is the later one.
    const updatedAt = timestampOf((millisecondsOf(events.at(-1)?.timestamp ?? "") ?? 1) - 1);
    this.#row = {
      ...row,
      status: isBegun ? "running" : row.status,
      updatedAt,
      ...(startedAt === undefined ? {} : { startedAt }),
      ...(until === undefined ? {} : { incident: until }),
    };
    this.#written = Promise.all([this.#written, this.#index.put(this.#row)]);
  }

  async end(): Promise<void> {
    await this.#written;
  }
}

type OfIncident = Extract<LedgerEvent, { eventType: `incident.${string}` }>;

function isOfIncident(event: LedgerEvent): event is OfIncident {
  return event.eventType === "incident.opened" || event.eventType === "incident.closed";
}

function untilOf(event: OfIncident): string | undefined {
  return event.eventType === "incident.opened" ? event.metadata.until : undefined;
}

/** What ends in the same write need not be marked: its row is written at its end. */
function hasBegun(events: readonly LedgerEvent[]): boolean {
  const types = new Set(events.map(({ eventType }) => eventType));
  return (
    (types.has("run.started") || types.has("run.resumed")) && !types.has("run.finished") && !types.has("run.waiting")
  );
}
