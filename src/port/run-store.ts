import type { RunId, TenantId, TrustDomain } from "#canon/ids.ts";
import type { Digest } from "#canon/digest.ts";
import type { Fault } from "#fault/fault.ts";
import type { Result } from "#fault/result.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import type { RunStatus } from "#run/status.ts";

/** Names a run in a store: another tenant's key finds nothing. */
export type RunKey = { readonly tenantId: TenantId; readonly runId: RunId };

/** What the first event's `prev` binds. */
export type RunIdentity = RunKey & { readonly trustDomain: TrustDomain; readonly planHash: Digest };

/** The last event of a ledger; `sequence` 0 and the genesis hash before the first. */
export type Head = { readonly sequence: number; readonly hash: Digest };

export type Lease = {
  readonly owner: string;
  /** Grows by one with every acquisition of this run's lease. */
  readonly fence: number;
  /** Milliseconds since 1970. */
  readonly until: number;
};

/** What can be known here of the process behind a lease. One of another boot or PID namespace cannot be seen. */
export type HolderLife =
  | { readonly state: "running" | "stopped"; readonly pid: number }
  | { readonly state: "dead" | "unknown" };

export type HeldLease = Lease & { readonly life: HolderLife };

/**
 * Ledgers, each with the small files that belong to a run.
 * 1. `create` stores identity, files and first events together: after a crash there is either a whole run or none.
 * 2. `append` writes only under the current lease and only behind the named head, all events or none; the same events
 *    behind the same head twice are accepted; any other conflict is the fault LEASE_LOST.
 * 3. With `durable`, the events survive a power cut when `append` returns.
 * 4. `read` yields whole events in order and never a torn one; a ledger whose chain does not hold is LEDGER_BROKEN.
 * 5. A full or absent medium is STORE_FULL or STORE_UNAVAILABLE; the ledger stays whole.
 */
export type LedgerStore = {
  readonly create: (
    run: RunIdentity,
    files: ReadonlyMap<string, Uint8Array>,
    events: readonly LedgerEvent[],
  ) => Promise<Result<void>>;
  readonly identity: (key: RunKey) => Promise<Result<RunIdentity>>;
  readonly append: (
    key: RunKey,
    lease: Lease,
    head: Head,
    events: readonly LedgerEvent[],
    options: { readonly durable: boolean },
  ) => Promise<Result<void>>;
  /** Events with a sequence above `after`. Throws a `StoreError` that carries the fault. */
  readonly read: (key: RunKey, after?: number) => AsyncIterable<LedgerEvent>;
  /** The bytes of the ledger as they stand, unchecked: JCS lines. */
  readonly readRaw: (key: RunKey) => AsyncIterable<Uint8Array>;
  /** Small files beside the ledger: `plan.canonical.json`, `inputs.lock`, `approvals/<gate>/request.json` … */
  readonly putFile: (key: RunKey, path: string, bytes: Uint8Array) => Promise<Result<void>>;
  readonly getFile: (key: RunKey, path: string) => Promise<Result<Uint8Array>>;
  /**
   * What tells, at a cost that does not grow with it, that a small file was not changed since: another mark says only that
   * it has to be read again.
   * FILE_MISSING and FILE_PATH as `getFile` has them.
   */
  readonly fileMark: (key: RunKey, path: string) => Promise<Result<string>>;
  /**
   * Resolves when the ledger has grown beyond `after`, an inbox command has come that was not read since, or
   * `milliseconds` have passed; at once where one of these is true already, and when the store is closed.
   */
  readonly changed: (key: RunKey, after: number, milliseconds: number) => Promise<void>;
};

/**
 * Who may append to a run's ledger now.
 * 1. At most one lease of a run is live at any time; `fence` grows with every acquisition.
 * 2. `acquire` gives undefined while a lease is live, to its own holder too. The lease of an owner that can be seen is
 *    live until it is released or the owner has died, however long it has run out: a process that was stopped still has
 *    steps that run. Only where nobody can tell whether the owner lives does it end with its time.
 * 3. A lease is lost when it was released or another was acquired; one that only ran out may still be renewed and
 *    written under. `renew` of a lost lease is undefined; `release` of one is nothing.
 * 4. `current` gives the live lease. Where the medium fails, `acquire`, `renew` and `current` reject with a `StoreError`; `release` does not.
 */
export type LeaseStore = {
  readonly acquire: (key: RunKey, milliseconds: number) => Promise<Lease | undefined>;
  readonly renew: (key: RunKey, lease: Lease, milliseconds: number) => Promise<Lease | undefined>;
  readonly release: (key: RunKey, lease: Lease) => Promise<void>;
  readonly current: (key: RunKey) => Promise<HeldLease | undefined>;
};

/**
 * Commands from everyone who does not hold the lease.
 * 1. `put` is durable when it returns; the same `commandId` twice is one command.
 * 2. `pending` gives commands in the order in which they were put, until they are marked done.
 * 3. `addressed` names every run, of any tenant, that has such commands, each once, in no particular order.
 */
export type InboxStore = {
  readonly put: (key: RunKey, command: InboxCommand) => Promise<Result<void>>;
  readonly pending: (key: RunKey) => Promise<readonly InboxCommand[]>;
  readonly done: (key: RunKey, commandIds: readonly string[]) => Promise<void>;
  readonly addressed: () => Promise<readonly RunKey[]>;
};

/**
 * Lines that belong to a run and are no events, such as those of `egress.jsonl`.
 * 1. The lines of one `append` are kept whole, in order, behind those that are there; a torn last line is cut off.
 * 2. `append` is for one writer at a time, the holder of the run's lease; with `durable` it survives a power cut, as does
 *    all that was appended before, also when it has no lines itself. With `behind` it appends only when the whole lines
 *    that are there have this many bytes; else somebody else wrote meanwhile, which is the fault LEASE_LOST.
 * 3. `read` gives what was appended, nothing where that is nothing, from the byte `from` on. It throws a `StoreError` that
 *    carries the fault.
 * 4. A name is one that `isRunLinesName` takes, else FILE_PATH: no file of the run has such a name. Another tenant's key is
 *    RUN_UNKNOWN; a full or absent medium is STORE_FULL or STORE_UNAVAILABLE, and then nothing of an `append` is kept.
 */
export type LineStore = {
  readonly append: (
    key: RunKey,
    name: string,
    lines: Uint8Array,
    options: { readonly durable: boolean; readonly behind?: number },
  ) => Promise<Result<void>>;
  readonly read: (key: RunKey, name: string, from?: number) => AsyncIterable<Uint8Array>;
};

/** When and how urgently a run was asked for; kept with the run as the file `queue.json`. */
export type RunQueue = {
  /** −100 … 100. */
  readonly priority: number;
  readonly scheduledAt?: string;
  readonly deadlineAt?: string;
};

/** A row of the run index: disposable, made again from the ledgers and the small files of runs by `reindex`. */
export type RunRow = RunIdentity & {
  readonly packName: string;
  readonly packVersion: string;
  readonly status: RunStatus;
  readonly reason?: string;
  readonly requestedBy: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Of a run that has begun. */
  readonly startedAt?: string;
  /** An incident of it is open, until then. */
  readonly incident?: string;
  /** Of a run that workers may begin: one that was left to a service. */
  readonly queue?: RunQueue;
};

/** Which rows of a tenant: those behind `after` in the order of the list, that have this status and this pack. */
export type RunQuery = {
  readonly limit: number;
  readonly after?: { readonly createdAt: string; readonly runId: string };
  readonly status?: RunStatus;
  readonly packName?: string;
};

/** How many rows were made, and the runs that could not be read, each named in its message: one of those hides no other. */
export type Reindexed = { readonly runs: number; readonly unread: readonly Fault[] };

/**
 * What runs there are.
 * 1. `list` is newest first, by `createdAt` and then by `runId`, and holds only the tenant's runs: what is put while a
 *    list is read page by page neither doubles nor hides a row that was there before.
 * 2. `unfinished` gives the rows of all tenants whose status is not terminal, the oldest first; `changedSince` those of any
 *    status that say they were updated then or later, in no particular order.
 * 3. A row with an earlier `updatedAt` never replaces one with a later.
 * 4. `reindex` rebuilds all rows from the ledgers. A run that cannot be read keeps the row that it had, if it had one.
 */
export type RunIndex = {
  readonly put: (row: RunRow) => Promise<Result<void>>;
  readonly list: (tenantId: TenantId, query: RunQuery) => Promise<readonly RunRow[]>;
  readonly unfinished: () => Promise<readonly RunRow[]>;
  readonly changedSince: (updatedAt: string) => Promise<readonly RunRow[]>;
  readonly reindex: (rowOf: (run: RunIdentity) => Promise<Result<RunRow>>) => Promise<Result<Reindexed>>;
};

/**
 * A random key for each run, under which redaction tells values of a secret apart.
 * 1. `take` gives 32 bytes: made when first asked for, and the same for every process of this store until `destroy`.
 * 2. `destroy` leaves no copy that this store knows of; destroying what is not there is nothing.
 * 3. Nobody reads a key but through `take`: it is no file of the run. Another tenant's key is RUN_UNKNOWN.
 */
export type RedactionKeyStore = {
  readonly take: (key: RunKey) => Promise<Result<Uint8Array>>;
  readonly destroy: (key: RunKey) => Promise<Result<void>>;
};

export type RunStore = {
  readonly ledger: LedgerStore;
  readonly leases: LeaseStore;
  readonly inbox: InboxStore;
  readonly index: RunIndex;
  readonly lines: LineStore;
  readonly redactionKeys: RedactionKeyStore;
  readonly close: () => Promise<void>;
};
