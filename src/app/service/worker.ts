import { millisecondsOf, timestampOf } from "#canon/timestamp.ts";
import type { Fault } from "#fault/fault.ts";
import { StoreError } from "#fault/store-error.ts";
import type { RunKey, RunRow } from "#port/run-store.ts";
import type { Workplace } from "../workplace.ts";
import { QueueBoard } from "./queue-board.ts";
import { queueOf } from "./queue-desk.ts";
import { RunWaits } from "./run-waits.ts";
import { StoreSweep, type SweepNote } from "./store-sweep.ts";
import { tenantWorkplace } from "./tenant-workplace.ts";
import { workShift, type ShiftPorts } from "./work-shift.ts";

/** What a worker tells of its work: a line of the service's log. */
export type WorkerNote = Omit<SweepNote, "event"> & {
  readonly event: "run.taken" | "run.left" | "run.refused" | "run.crashed" | SweepNote["event"];
  readonly key?: RunKey;
  readonly end?: string;
};

export type WorkerPorts = ShiftPorts & { readonly note: (note: WorkerNote) => void };

/** How often the store is asked what there is to do, in milliseconds, unless the worker is told. */
const LOOK_MS = 500;
/** How long a run that could not be driven is left alone, in milliseconds: doubled each time up to the second. */
const LATER_MS = [1000, 60_000] as const;
/** How long what runs may go on when the worker stops, in milliseconds: it has to be gone within ten seconds. */
const GRACE_MS = 7000;

/**
 * Drives runs of all tenants over one store, beside any number of others.
 * 1. A run is driven under its lease alone: whoever has it drives it, everyone else looks further.
 * 2. It begins runs that were left to a service, in the order of the queue and within the limits; goes on with those that
 *    wait when a command has come or a timer is due; and takes over those that were at work when their driver died.
 * 3. Nothing that it knows is needed by another: after a kill, what it drove is taken over when its lease has ended.
 * 4. At its start and every hour it has what interrupted uploads of packs and artifacts have left removed; no run waits for that.
 */
export class Worker implements AsyncDisposable {
  readonly #ports: WorkerPorts;
  readonly #board: QueueBoard;
  readonly #waits: RunWaits;
  readonly #sweep: StoreSweep;
  readonly #drives = new Map<string, Promise<void>>();
  /** Runs that could not be driven: when they are tried again, and how long they wait the next time. */
  readonly #later = new Map<string, { readonly at: number; readonly wait: number }>();
  readonly #release = new AbortController();
  readonly #abort = new AbortController();
  #loop: Promise<void> | undefined;
  #nudged = false;
  #wake: () => void = () => undefined;

  constructor(ports: WorkerPorts) {
    this.#ports = ports;
    this.#board = new QueueBoard(ports.workplace.store.index, ports.workplace.clock.now);
    this.#waits = new RunWaits(ports.limits.incidentSeconds !== undefined);
    this.#sweep = new StoreSweep(ports.workplace, ports.note);
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Looks at once: something was put into the store that concerns it. */
  nudge(): void {
    this.#nudged = true;
    this.#wake();
  }

  /** Begins nothing more, lets what runs end for a while, and leaves every run whole to others. */
  async stop(graceMs: number = GRACE_MS): Promise<void> {
    this.#release.abort();
    this.#wake();
    const cancel = this.#ports.workplace.clock.after(graceMs, () => this.#abort.abort());
    await this.#loop;
    await Promise.all(this.#drives.values());
    await this.#sweep.end();
    cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      this.#nudged = false;
      this.#sweep.look();
      try {
        await this.#look();
      } catch (error) {
        if (!(error instanceof StoreError)) {
          throw error;
        }
        this.#ports.note({ event: "store.failed", fault: error.fault });
      }
      await this.#sleep();
    }
  }

  get #stopping(): boolean {
    return this.#release.signal.aborted;
  }

  async #sleep(): Promise<void> {
    if (this.#nudged || this.#stopping) {
      return;
    }
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const cancel = this.#ports.workplace.clock.after(LOOK_MS, () => this.#wake());
    await woken;
    cancel();
    this.#wake = () => undefined;
  }

  /** Takes as many runs as there are places for: first what was cut off, then what waited, then the queue. */
  async #look(): Promise<void> {
    const { workplace, limits, metrics } = this.#ports;
    const { store, clock } = workplace;
    const rows = await this.#board.rows();
    const news = new Set((await store.inbox.addressed()).map(({ runId }) => String(runId)));
    const now = clock.now();
    this.#forget(rows);
    const free = rows.filter((row) => this.#isFree(row, now));
    const waiting = free.filter(({ status }) => status === "waiting");
    const workplaceOf = (row: RunRow): Workplace => tenantWorkplace(workplace, row.tenantId, metrics);
    const due = await this.#waits.due(waiting, news, workplaceOf, now);
    const begun = free.filter(({ status }) => status === "running");
    for (const row of [...begun, ...due]) {
      await this.#tryTake(row);
    }
    await this.#takeQueued(rows, free, limits.runsPerTenant, now);
  }

  async #takeQueued(rows: readonly RunRow[], free: readonly RunRow[], limit: number, now: number): Promise<void> {
    // Nothing is put in order that cannot be begun anyway.
    if (this.#drives.size >= this.#ports.limits.runs || !free.some((row) => isDue(row, now))) {
      return;
    }
    const byId = new Map(free.map((row) => [String(row.runId), row]));
    const atWork = new Map<string, number>();
    const count = (tenantId: string): void => void atWork.set(tenantId, (atWork.get(tenantId) ?? 0) + 1);
    const busy = new Set(this.#drives.keys());
    rows.filter(({ runId, status }) => status === "running" || busy.has(runId)).forEach((row) => count(row.tenantId));
    const due = rows.filter((row) => row.status !== "pending" || isDue(row, now));
    for (const { run, eligible } of queueOf(due, this.#board.begunAt, limit, now, busy)) {
      if (!eligible || this.#drives.size >= this.#ports.limits.runs) {
        return;
      }
      const row = byId.get(run.runId);
      if (row === undefined || (atWork.get(run.tenantId) ?? 0) >= limit) {
        continue;
      }
      await this.#tryTake(row);
      // Taken by this worker or by another, it counts.
      this.#board.begins(run.tenantId);
      count(run.tenantId);
    }
  }

  #forget(rows: readonly RunRow[]): void {
    const there = new Set(rows.map(({ runId }) => String(runId)));
    for (const runId of this.#later.keys()) {
      if (!there.has(runId)) {
        this.#later.delete(runId);
      }
    }
  }

  #isFree({ runId }: RunRow, now: number): boolean {
    return !this.#drives.has(runId) && (this.#later.get(runId)?.at ?? 0) <= now;
  }

  async #tryTake(row: RunRow): Promise<void> {
    const { store } = this.#ports.workplace;
    if (this.#stopping || this.#drives.has(row.runId) || this.#drives.size >= this.#ports.limits.runs) {
      return;
    }
    if ((await store.leases.current(row)) !== undefined) {
      return;
    }
    const drive = this.#drive(row).finally(() => {
      this.#drives.delete(row.runId);
      this.nudge();
    });
    this.#drives.set(row.runId, drive);
  }

  /** One shift of one run; whatever becomes of it, the worker goes on. */
  async #drive(row: RunRow): Promise<void> {
    const { note } = this.#ports;
    const key = { tenantId: row.tenantId, runId: row.runId };
    note({ event: "run.taken", key });
    try {
      const ended = await workShift(row, this.#ports, { abort: this.#abort.signal, release: this.#release.signal });
      if (ended.ok) {
        const { state, end } = ended.value;
        this.#waits.left({ runId: row.runId, updatedAt: timestampOf(state.lastTimestamp) }, state);
        this.#later.delete(row.runId);
        note({ event: "run.left", key, end });
      } else {
        this.#putOff(row, ended.fault);
      }
    } catch (error) {
      if (error instanceof StoreError) {
        this.#putOff(row, error.fault);
        return;
      }
      // A bug that one run meets is told, and holds up no other.
      this.#leaveAlone(row.runId);
      note({ event: "run.crashed", key, error });
    }
  }

  #putOff({ tenantId, runId }: RunRow, fault: Fault): void {
    if (fault.code === "RUN_BUSY") {
      return;
    }
    if (fault.code === "LEASE_EXPIRED" || fault.code === "LEASE_LOST") {
      this.#ports.metrics.leaseExpired();
    }
    this.#leaveAlone(runId);
    this.#ports.note({ event: "run.refused", key: { tenantId, runId }, fault });
  }

  #leaveAlone(runId: string): void {
    const [first, most] = LATER_MS;
    const wait = this.#later.get(runId)?.wait ?? first;
    const at = this.#ports.workplace.clock.now() + wait;
    this.#later.set(runId, { at, wait: Math.min(most, wait * 2) });
  }
}

/** A run that may begin by its time. */
function isDue({ status, queue }: RunRow, now: number): boolean {
  return status === "pending" && queue !== undefined && (millisecondsOf(queue.scheduledAt ?? "") ?? 0) <= now;
}
