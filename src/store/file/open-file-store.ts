import { hash } from "node:crypto";
import { join } from "node:path";
import type { Sha256 } from "#canon/digest.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Clock } from "#port/clock.ts";
import type { HolderLife, LedgerStore, RunIdentity, RunKey, RunRow, RunStore } from "#port/run-store.ts";
import { ChangeWatch } from "#store/process/change-watch.ts";
import { FileLedger } from "./file-ledger.ts";
import { fileLines } from "./file-lines.ts";
import { fileRedactionKeys } from "./file-redaction-keys.ts";
import { inboxTable, lastPlace } from "./inbox-table.ts";
import { indexTable } from "./index-table.ts";
import { leaseTable } from "./lease-table.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { lifeOf as lifeOfProcess, processOwner } from "#store/process/process-owner.ts";
import { RunFolders } from "./run-folders.ts";
import { StateDatabase, type Connection } from "./state-database.ts";
import { watchFile } from "./watch-file.ts";

const DATABASE_FILE = "packrun.db";
/** How often other processes' doings are looked for where the system does not tell of them, in milliseconds. */
const POLL_MS = 100;
const sha256: Sha256 = (bytes) => hash("sha256", bytes, "buffer");

export type FileStoreOptions = {
  readonly clock: Clock;
  /** The name that leases bear; by default this process, so that its death is seen at once. */
  readonly owner?: string;
  /** What became of an owner; by default of the process that it names. */
  readonly lifeOf?: (owner: string) => HolderLife;
  /** Makes index rows from a ledger. With it, an index that was lost is made again when the store is opened. */
  readonly rowOf?: (ledger: LedgerStore, run: RunIdentity) => Promise<Result<RunRow>>;
  /** Told of what then is not in the index: a ledger that cannot be read has no row. */
  readonly unread?: (fault: Fault) => void;
};

/**
 * Runs below one folder of this host, for many of its processes: `runs/<runId>/ledger.jsonl` is the truth, `packrun.db`
 * holds leases, inbox and index. Not for network file systems. STORE_UNAVAILABLE, STORE_FULL.
 */
export async function openFileStore(stateFolder: string, options: FileStoreOptions): Promise<Result<RunStore>> {
  const file = join(stateFolder, DATABASE_FILE);
  try {
    const folders = new RunFolders(stateFolder);
    await folders.prepare();
    const database = new StateDatabase(file);
    const store = assemble(folders, database, options);
    const { rowOf } = options;
    if (database.madeAnew && rowOf !== undefined) {
      const made = await store.index.reindex(async (run) => rowOf(store.ledger, run));
      (made.ok ? made.value.unread : [made.fault]).forEach((fault) => options.unread?.(fault));
    }
    return ok(store);
  } catch (error) {
    return fail(mediumFault(error, file));
  }
}

function assemble(
  folders: RunFolders,
  database: StateDatabase,
  { clock, owner = processOwner(), lifeOf = lifeOfProcess }: FileStoreOptions,
): RunStore {
  const faultAt = (error: unknown): Fault => mediumFault(error, database.path);
  const use = orStoreError(<T>(work: (connection: Connection) => T) => database.use(work), faultAt);
  const locked = orStoreError(<T>(work: (connection: Connection) => T) => database.locked(work), faultAt);
  const durably = orStoreError(<T>(work: (connection: Connection) => T) => database.durably(work), faultAt);
  const reader = new LedgerReader(
    (key) => folders.ledgerOf(key),
    async (key) => folders.identity(key),
    sha256,
  );
  const watch = new ChangeWatch({
    clock,
    pollMs: POLL_MS,
    notices: (key, wake) => watchFile(folders.ledgerOf(key), wake),
    sequenceOf: async (key) => ((await exists(folders, key)) ? reader.sequenceOf(key) : 0),
    placeOf: async (key) => use((connection) => lastPlace(connection, key)),
  });
  const ledger = new FileLedger({ folders, database, reader, watch, owner, sha256 });
  return {
    ledger: ledger.port(),
    leases: leaseTable({
      clock,
      owner,
      lifeOf,
      use,
      locked,
      durably,
      exists: async (key) => exists(folders, key),
      lastFence: async (key) => reader.lastFence(key),
      // Only output that need not survive can be unwritten here, so nothing more can be done about a failing disk.
      released: async (key, lease) => ledger.release(key, lease).catch((error: unknown) => void mediumFault(error)),
    }),
    inbox: inboxTable({
      use,
      put: async (key, work) => {
        const identity = await folders.identity(key);
        try {
          return identity.ok ? ok(database.durably(work)) : identity;
        } catch (error) {
          return fail(faultAt(error));
        }
      },
      arrived: (key) => watch.poke(key),
      seen: (key, place) => watch.seen(key, place),
    }),
    index: indexTable({ use, locked, runs: async () => folders.all(), faultOf: faultAt }),
    lines: fileLines(folders),
    redactionKeys: fileRedactionKeys(folders),
    close: async () => {
      watch.close();
      await ledger.close();
      giveBackAll(database, owner);
      database.close();
    },
  };
}

/** On a failing medium the leases run out by themselves. */
function giveBackAll(database: StateDatabase, owner: string): void {
  try {
    database.locked((connection) => connection.run("UPDATE leases SET owner = '', until = 0 WHERE owner = ?", owner));
  } catch (error) {
    mediumFault(error);
  }
}

async function exists(folders: RunFolders, key: RunKey): Promise<boolean> {
  return (await folders.identity(key)).ok;
}

type Use = <T>(work: (connection: Connection) => T) => T;

/** Leases, and lists of the inbox and the index, have no `Result`: the medium's fault leaves them as a `StoreError`. */
function orStoreError(use: Use, faultAt: (error: unknown) => Fault): Use {
  return (work) => {
    try {
      return use(work);
    } catch (error) {
      throw new StoreError(faultAt(error));
    }
  };
}
