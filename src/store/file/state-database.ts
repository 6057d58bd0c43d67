import { renameSync, rmSync, statSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { isDatabaseDamage, isDatabaseFull } from "#fault/medium-fault.ts";
import { inTransaction } from "./transaction.ts";

/** How long a process waits for another one's lock, in milliseconds. */
const LOCK_MS = 5000;
const VERSION = 3;

/** Rows of runs that have not ended: what the index of that name holds. */
export const UNFINISHED = "json_extract(line, '$.status') IN ('pending', 'running', 'waiting')";

/** Version 1 had the same tables without the last three indexes, version 2 without the last. */
const TABLES = `
  CREATE TABLE IF NOT EXISTS leases (tenant TEXT, run TEXT, owner TEXT NOT NULL, fence INTEGER NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (tenant, run)) WITHOUT ROWID, STRICT;
  CREATE TABLE IF NOT EXISTS inbox (place INTEGER PRIMARY KEY AUTOINCREMENT, tenant TEXT NOT NULL, run TEXT NOT NULL,
    command TEXT NOT NULL, kind TEXT NOT NULL, body TEXT, UNIQUE (tenant, run, command)) STRICT;
  CREATE TABLE IF NOT EXISTS runs (tenant TEXT, run TEXT, created TEXT NOT NULL, updated TEXT NOT NULL, line TEXT NOT NULL,
    PRIMARY KEY (tenant, run)) WITHOUT ROWID, STRICT;
  CREATE INDEX IF NOT EXISTS runs_by_age ON runs (tenant, created DESC, run DESC);
  CREATE INDEX IF NOT EXISTS runs_unfinished ON runs (created, run) WHERE ${UNFINISHED};
  CREATE INDEX IF NOT EXISTS inbox_addressed ON inbox (tenant, run) WHERE body IS NOT NULL;
  CREATE INDEX IF NOT EXISTS runs_by_change ON runs (updated);
  PRAGMA user_version = ${VERSION};`;

/** One open connection: runs statements, keeping them prepared. */
export class Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Which file this is; another one may have taken its place since. */
  readonly identity: string;

  constructor(path: string) {
    this.#database = new DatabaseSync(path, { timeout: LOCK_MS });
    try {
      this.#prepareFile();
      this.identity = fileIdentity(path) ?? "";
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  run(sql: string, ...values: readonly (string | number | null)[]): number {
    return Number(this.#prepared(sql).run(...values).changes);
  }

  /** The first row; undefined without one. */
  row(sql: string, ...values: readonly (string | number | null)[]): Readonly<Record<string, unknown>> | undefined {
    return this.#prepared(sql).get(...values);
  }

  rows(sql: string, ...values: readonly (string | number | null)[]): readonly Readonly<Record<string, unknown>>[] {
    return this.#prepared(sql).all(...values);
  }

  execute(sql: string): void {
    this.#database.exec(sql);
  }

  close(): void {
    this.#database.close();
  }

  #prepared(sql: string): StatementSync {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  /** Commits outlive the process at once, and a power cut only after a checkpoint or where `durably` asks for it. */
  #prepareFile(): void {
    this.execute("PRAGMA journal_mode = WAL");
    this.execute("PRAGMA synchronous = NORMAL");
    const version = (): unknown => this.rows("PRAGMA user_version")[0]?.["user_version"];
    if (version() !== VERSION) {
      this.execute("BEGIN IMMEDIATE");
      this.execute(version() === VERSION ? "COMMIT" : `${TABLES} COMMIT`);
      // The tables have their pages in the file from now on, so that a lease can be written when the disk is full.
      this.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
  }
}

/**
 * The database of leases, inbox and index; nothing in it is needed to know what happened in a run.
 * 1. A file that is damaged is set aside and made anew; one that was removed or replaced is opened anew.
 * 2. `locked` is alone among all processes: SQLite's write lock (a POSIX lock on the file, so it ends with its holder) is
 *    held from before the work until behind it. Work that changes nothing in the database costs no fsync.
 */
export class StateDatabase {
  readonly path: string;
  #connection: Connection | undefined;
  /** True when the file was made by this object: its index is empty whatever runs there are. */
  madeAnew: boolean;

  constructor(path: string) {
    this.path = path;
    this.madeAnew = fileIdentity(path) === undefined;
    this.use(() => undefined);
  }

  /** Runs one piece of work, once more on a new file when the present one proves damaged. Throws SQLite's errors. */
  use<T>(work: (connection: Connection) => T): T {
    try {
      return work(this.#current());
    } catch (error) {
      if (isDatabaseFull(error)) {
        // Room that the write-ahead log already takes is used again once its pages are in the database.
        this.#current().execute("PRAGMA wal_checkpoint(RESTART)");
        return work(this.#current());
      }
      if (!isDatabaseDamage(error)) {
        throw error;
      }
      this.#setAside();
      return work(this.#current());
    }
  }

  locked<T>(work: (connection: Connection) => T): T {
    return this.use((connection) =>
      inTransaction(
        (sql) => connection.run(sql),
        () => work(connection),
      ),
    );
  }

  /** As `locked`, and what was changed survives a power cut. */
  durably<T>(work: (connection: Connection) => T): T {
    this.use((connection) => connection.execute("PRAGMA synchronous = FULL"));
    try {
      return this.locked(work);
    } finally {
      this.use((connection) => connection.execute("PRAGMA synchronous = NORMAL"));
    }
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  #current(): Connection {
    if (this.#connection !== undefined && this.#connection.identity !== fileIdentity(this.path)) {
      this.close();
      this.madeAnew = true;
    }
    return (this.#connection ??= new Connection(this.path));
  }

  #setAside(): void {
    this.close();
    this.madeAnew = true;
    for (const suffix of ["-wal", "-shm"]) {
      rmSync(this.path + suffix, { force: true });
    }
    if (fileIdentity(this.path) !== undefined) {
      renameSync(this.path, `${this.path}.damaged`);
    }
  }
}

/** Undefined when there is no such file. */
function fileIdentity(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}
