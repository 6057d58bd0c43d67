import { DatabaseSync } from "node:sqlite";

/** SQLITE_BUSY: somebody else holds it. */
const BUSY = 5;

/**
 * Takes the lock of a file, which is made for it, until it is closed; undefined while somebody else holds it. The lock is
 * SQLite's on an empty file: the operating system takes it back from a process that dies. Throws where the file cannot be
 * made or read.
 */
export function tryFileLock(path: string): { readonly close: () => void } | undefined {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path, { timeout: 0 });
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof Error && "errcode" in error && error.errcode === BUSY) {
      return undefined;
    }
    throw error;
  }
}
