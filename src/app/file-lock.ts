import { DatabaseSync } from "node:sqlite";

/** SQLITE_BUSY: somebody else holds it. */
const BUSY = 5;

const TRIES = 400;
const PAUSE_MS = 25;

export type FileLock = { readonly close: () => void };

/**
 * Takes the lock of a file, which is made for it, until it is closed; undefined while somebody else holds it. The lock is
 * SQLite's on an empty file: the operating system takes it back from a process that dies. Throws where the file cannot be
 * made or read.
 */
export function tryFileLock(path: string): FileLock | undefined {
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

/** As `tryFileLock`, but waits while somebody else holds it; undefined when that took longer than 10 s. */
export async function waitForFileLock(
  path: string,
  pause: () => Promise<void> = shortPause,
): Promise<FileLock | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const held = tryFileLock(path);
    if (held !== undefined) {
      return held;
    }
    await pause();
  }
  return undefined;
}

function shortPause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
}
