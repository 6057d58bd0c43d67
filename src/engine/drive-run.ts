import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { HeldLease, Lease, RunIdentity } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunState } from "#run/state.ts";
import { engineCodes } from "./codes.ts";
import { Driver, type DriverOptions, type ShiftEnd } from "./driver.ts";
import { BUSY_MS, followRun } from "./follow-run.ts";
import { LEASE_MS, LeaseKeeper } from "./lease-keeper.ts";
import { storeFailure } from "./store-fault.ts";
import { keyOf, takeOver, type TakeOverPorts } from "./take-over.ts";

export type DriveOptions = DriverOptions & {
  /** Whether to stay while the run only waits, until somebody decides; not with a `maxParallel` of 0. */
  readonly wait: boolean;
  /** Orderly cancel: recorded, steps end in their grace time, `finally` runs. */
  readonly cancel?: AbortSignal;
  /** Who cancels, for the ledger. */
  readonly cancelBy: string;
  /** At once: everything is killed, the run stays as it is and can be resumed. */
  readonly abort?: AbortSignal;
  /** Nothing new is started, what runs may end; then the run is left to others. */
  readonly release?: AbortSignal;
  /** `onEvents` is told of events with a higher sequence only; 0 unless given: of the whole ledger. */
  readonly after?: number;
  /** Called once, when another process starts steps while this one waits. */
  readonly onOvertaken?: () => void;
};

export type DriveEnd = { readonly end: ShiftEnd; readonly state: RunState };

/** A decision that is being recorded holds the lease for a moment: how often to wait for that, `BUSY_MS` each time. */
const BUSY_TRIES = 8;

/**
 * Drives a run until it is over, or until it only waits and `wait` is off. A run that waits is driven by nobody: the
 * lease is given back, and taken again when there is something to do. Another process may be the one that does it: then
 * this one follows it, to the end of the run or of that process.
 */
export async function driveRun(
  identity: RunIdentity,
  ports: TakeOverPorts,
  options: DriveOptions,
): Promise<Result<DriveEnd>> {
  const onEvents = unseen(options);
  const onOthers = overtaken(onEvents, options);
  const { cancel, abort, release } = options;
  const signals = [cancel, abort, release].filter((signal) => signal !== undefined);
  let patience = BUSY_TRIES;
  /** The run as it was when this process found that it only waits, and as it was followed since. */
  let followed: RunState | undefined;
  for (;;) {
    const shift = await driveShift(identity, ports, { ...options, onEvents });
    if (shift.ok && shift.value.end === "idle" && options.wait) {
      followed = shift.value.state;
      patience = Number.POSITIVE_INFINITY;
    } else if (!shift.ok && shift.fault.code === "RUN_BUSY" && patience > 0) {
      patience -= 1;
      await ports.store.ledger.changed(keyOf(identity), Number.MAX_SAFE_INTEGER, BUSY_MS);
    } else {
      return shift;
    }
    if (followed !== undefined) {
      await followRun(followed, ports, { signals, onEvents: onOthers });
      if (abort?.aborted === true || release?.aborted === true) {
        return ok({ end: "aborted", state: followed });
      }
    }
  }
}

/** Tells of every event once, beginning behind `after`. */
function unseen({ after = 0, onEvents }: DriveOptions): (events: readonly LedgerEvent[]) => void {
  let seen = after;
  return (events) => {
    const fresh = events.filter((event) => event.sequence > seen);
    seen = fresh.at(-1)?.sequence ?? seen;
    if (fresh.length > 0) {
      onEvents?.(fresh);
    }
  };
}

/** Tells of what others write, and before their first step that there are such. */
function overtaken(
  onEvents: (events: readonly LedgerEvent[]) => void,
  { onOvertaken }: DriveOptions,
): (events: readonly LedgerEvent[]) => void {
  let isTold = false;
  return (events) => {
    if (!isTold && events.some(({ eventType }) => eventType === "step.started")) {
      isTold = true;
      onOvertaken?.();
    }
    onEvents(events);
  };
}

async function driveShift(
  identity: RunIdentity,
  ports: TakeOverPorts,
  options: DriveOptions,
): Promise<Result<DriveEnd>> {
  const key = keyOf(identity);
  const lease = await ports.store.leases.acquire(key, LEASE_MS);
  if (lease === undefined) {
    return fail(busy(identity, await ports.store.leases.current(key)));
  }
  // A lease may be lost while the run is still being taken over.
  let lost = false;
  let onLost = (): void => {
    lost = true;
  };
  let onRenewed: (lease: Lease) => void = () => undefined;
  const leasing = { ...ports, leases: ports.store.leases };
  await using keeper = new LeaseKeeper(
    lease,
    key,
    leasing,
    () => onLost(),
    (renewed) => onRenewed(renewed),
  );
  const taken = await takeOver(identity, lease, ports, options.onEvents ?? (() => undefined)).catch(storeFailure);
  if (!taken.ok) {
    return taken;
  }
  const driver = new Driver({ ...taken.value, keeper }, ports, options);
  onRenewed = (renewed) => driver.renewed(renewed);
  onLost = () => driver.fault(faultOf(engineCodes, "LEASE_EXPIRED", { runId: identity.runId }));
  if (lost) {
    onLost();
  }
  const { state } = taken.value.journal;
  const stopListening = listen(driver, `cancel:${lease.fence}`, options);
  const end = await driver.run().finally(stopListening);
  return end.ok ? ok({ end: end.value, state }) : end;
}

/** Who holds the run, and what to do about it: a process that is stopped has steps that may go on when it does. */
function busy({ runId }: RunIdentity, held: HeldLease | undefined): Fault {
  const { life } = held ?? {};
  if (life?.state === "stopped") {
    const { pid } = life;
    const owner = `process ${pid}, which is stopped`;
    return faultOf(engineCodes, "RUN_BUSY", { runId, owner }, { hint: stoppedHint(pid) });
  }
  const owner = life?.state === "running" ? `process ${life.pid}` : (held?.owner ?? "another process");
  return faultOf(engineCodes, "RUN_BUSY", { runId, owner });
}

/** What to do about a stopped process that holds a run. */
export function stoppedHint(pid: number): string {
  return `let it go on (kill -CONT ${pid}, or fg in its terminal), or end it (kill -KILL ${pid}) and resume the run`;
}

/** Connects the signals with the driver, under an id of this shift: a later one cancels anew. The returned function disconnects them. */
function listen(driver: Driver, cancelId: string, options: DriveOptions): () => void {
  const cancel = (): void => driver.send({ kind: "cancel", by: options.cancelBy }, cancelId);
  const heard = [
    { signal: options.cancel, call: cancel },
    { signal: options.abort, call: (): void => driver.abort() },
    { signal: options.release, call: (): void => driver.release() },
  ];
  for (const { signal, call } of heard) {
    if (signal?.aborted === true) {
      call();
    }
    signal?.addEventListener("abort", call);
  }
  return () => heard.forEach(({ signal, call }) => signal?.removeEventListener("abort", call));
}
