import { equalBytes, concatBytes } from "#canon/bytes.ts";
import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { Head, Lease, LedgerStore, RunIdentity, RunKey } from "#port/run-store.ts";
import { headBehind } from "#run/batch-head.ts";
import type { LedgerEvent } from "#run/event.ts";
import { eventBytes, genesisHead } from "#run/ledger-chain.ts";
import { isRunFilePath } from "#run/run-file.ts";
import type { ChangeWatch } from "#store/process/change-watch.ts";
import { holdsLease } from "./lease-table.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { OpenLedger } from "./open-ledger.ts";
import type { RunFolders } from "./run-folders.ts";
import type { StateDatabase } from "./state-database.ts";
import { Turns } from "#store/process/turns.ts";

export type LedgerGround = {
  readonly folders: RunFolders;
  readonly database: StateDatabase;
  readonly reader: LedgerReader;
  readonly watch: ChangeWatch;
  readonly owner: string;
  readonly sha256: Sha256;
};

/** Reading again because the file was not as known: once for what was known, once for a write that just ended. */
const TRIES = 3;

/** Ledgers as files. The lease is checked and the lines are written under one lock; the fsync comes after it. */
export class FileLedger {
  readonly #ground: LedgerGround;
  /** Ledgers that this process appends to, by run. */
  readonly #open = new Map<string, OpenLedger>();
  readonly #turns = new Turns();

  constructor(ground: LedgerGround) {
    this.#ground = ground;
  }

  port(): LedgerStore {
    const { folders, reader, watch } = this.#ground;
    // The run of a ledger that this process appends to was looked up already.
    const isOpen = ({ runId, tenantId }: RunKey): boolean => this.#open.get(runId)?.run.tenantId === tenantId;
    const onRun = async <T>(key: RunKey, work: () => Promise<Result<T>>): Promise<Result<T>> => {
      const identity = await folders.identity(key);
      return identity.ok ? work() : identity;
    };
    return {
      create: async (run, files, events) => this.#create(run, files, events),
      identity: async (key) => folders.identity(key),
      append: async (key, lease, head, events, { durable }) =>
        this.#turns.take(key.runId, async () => this.#append(key, lease, head, events, durable)),
      read: (key, after = 0) => reader.read(key, after),
      readRaw: (key) => reader.readRaw(key),
      putFile: async (key, path, bytes) => onRun(key, async () => folders.putFile(key, path, bytes)),
      getFile: async (key, path) => onRun(key, async () => folders.getFile(key, path)),
      fileMark: async (key, path) =>
        isOpen(key) ? folders.fileMark(key, path) : onRun(key, async () => folders.fileMark(key, path)),
      changed: async (key, after, milliseconds) => watch.changed(key, after, milliseconds),
    };
  }

  /** Brings to the disk what was written under this lease, and closes its file. */
  async release(key: RunKey, lease: Lease): Promise<void> {
    const ledger = this.#open.get(key.runId);
    if (ledger !== undefined && ledger.lease.fence <= lease.fence) {
      this.#open.delete(key.runId);
      await ledger.close();
    }
  }

  async close(): Promise<void> {
    const ledgers = [...this.#open.values()];
    this.#open.clear();
    for (const ledger of ledgers) {
      await ledger.close();
    }
  }

  async #create(
    run: RunIdentity,
    files: ReadonlyMap<string, Uint8Array>,
    events: readonly LedgerEvent[],
  ): Promise<Result<void>> {
    const { folders, owner } = this.#ground;
    const wrong = [...files.keys()].find((path) => !isRunFilePath(path));
    if (wrong !== undefined) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path: wrong }));
    }
    headBehind(this.#genesis(run), events);
    const bytes = concatBytes(...events.map(eventBytes));
    try {
      const isThere = !(await folders.create(run, files, bytes, owner)) && !(await this.#beginsWith(run, bytes));
      return isThere ? fail(faultOf(storeCodes, "RUN_EXISTS", { runId: run.runId })) : ok(undefined);
    } catch (error) {
      return fail(mediumFault(error));
    }
  }

  /** Whether the run that is there is this one, created by an earlier try. */
  async #beginsWith(run: RunIdentity, bytes: Uint8Array): Promise<boolean> {
    const there = await this.#ground.folders.identity(run);
    if (!there.ok || there.value.planHash !== run.planHash || there.value.trustDomain !== run.trustDomain) {
      return false;
    }
    let compared = 0;
    for await (const chunk of this.#ground.reader.readRaw(run)) {
      const part = bytes.subarray(compared, compared + chunk.length);
      if (!equalBytes(chunk.subarray(0, part.length), part)) {
        return false;
      }
      compared += part.length;
    }
    return compared === bytes.length;
  }

  async #append(
    key: RunKey,
    lease: Lease,
    head: Head,
    events: readonly LedgerEvent[],
    durable: boolean,
  ): Promise<Result<void>> {
    const identity = this.#open.get(key.runId)?.run;
    const known = identity?.tenantId === key.tenantId ? ok(identity) : await this.#ground.folders.identity(key);
    if (!known.ok) {
      return known;
    }
    const end = headBehind(head, events);
    const bytes = concatBytes(...events.map(eventBytes));
    try {
      for (let tries = 0; tries < TRIES; tries += 1) {
        const ledger = await this.#opened(known.value, lease);
        if (ledger === undefined) {
          break;
        }
        const written = this.#ground.database.locked((connection) =>
          holdsLease(connection, key, lease) ? ledger.write(head, bytes, end) : "conflict",
        );
        if (written !== "moved") {
          return written === "written" ? await this.#settle(key, ledger, durable) : await this.#lose(key, lease);
        }
        await this.release(key, lease);
      }
      return await this.#lose(key, lease);
    } catch (error) {
      return fail(mediumFault(error, this.#ground.database.path));
    }
  }

  #holds(key: RunKey, lease: Lease): boolean {
    return this.#ground.database.use((connection) => holdsLease(connection, key, lease));
  }

  async #settle(key: RunKey, ledger: OpenLedger, durable: boolean): Promise<Result<void>> {
    try {
      if (durable) {
        await ledger.sync();
      }
    } catch (error) {
      this.#ground.database.locked((connection) =>
        holdsLease(connection, key, ledger.lease) ? ledger.takeBack() : undefined,
      );
      throw error;
    } finally {
      this.#ground.watch.poke(key);
    }
    return ok(undefined);
  }

  async #lose(key: RunKey, lease: Lease): Promise<Result<void>> {
    await this.release(key, lease);
    return fail(faultOf(storeCodes, "LEASE_LOST", { runId: key.runId }));
  }

  /**
   * The ledger as opened under this very lease: under another one, others may have written in between. Undefined when
   * it would have to be opened and the lease is lost; whoever writes has to ask again under the lock.
   */
  async #opened(run: RunIdentity, lease: Lease): Promise<OpenLedger | undefined> {
    const there = this.#open.get(run.runId);
    if (there?.lease.fence === lease.fence && there.lease.owner === lease.owner) {
      return there;
    }
    if (!this.#holds(run, lease)) {
      return undefined;
    }
    if (there !== undefined) {
      await this.release(run, there.lease);
    }
    const { folders, sha256 } = this.#ground;
    const ledger = await OpenLedger.open(folders.ledgerOf(run), run, lease, sha256);
    this.#open.set(run.runId, ledger);
    return ledger;
  }

  #genesis(run: RunIdentity): Head {
    return genesisHead(run, this.#ground.sha256);
  }
}
