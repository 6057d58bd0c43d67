import { join } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { fileFault } from "./file-fault.ts";
import { tryFileLock } from "./file-lock.ts";
import { trustUseCodes } from "./trust-use-codes.ts";
import { makeFolder } from "./make-folder.ts";

const TRIES = 400;
const PAUSE_MS = 25;

/**
 * Does `work` while no other process, and nothing else in this one, edits the trust files of this state folder. The lock
 * is SQLite's on an empty file: the operating system takes it back from a process that dies. Faults: TRUST_BUSY, and
 * TRUST_FILE_ACCESS where the folder cannot be written.
 */
export async function withTrustLock<T>(
  stateFolder: string,
  work: () => Promise<Result<T>>,
  pause: () => Promise<void> = shortPause,
): Promise<Result<T>> {
  const folder = join(stateFolder, "trust");
  try {
    await makeFolder(folder, 0o700);
  } catch (error) {
    return fileFault(folder, error);
  }
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const held = tryLock(join(folder, ".lock"));
    if (!held.ok) {
      return held;
    }
    if (held.value !== undefined) {
      try {
        return await work();
      } finally {
        held.value.close();
      }
    }
    await pause();
  }
  return fail(faultOf(trustUseCodes, "TRUST_BUSY", { folder }));
}

function shortPause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PAUSE_MS);
  });
}

/** Undefined while somebody else holds the lock. */
function tryLock(path: string): Result<{ readonly close: () => void } | undefined> {
  try {
    return ok(tryFileLock(path));
  } catch (error) {
    return fileFault(path, error);
  }
}
