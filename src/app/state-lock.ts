import { join } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { fileFault } from "./file-fault.ts";
import { waitForFileLock, type FileLock } from "./file-lock.ts";
import { trustUseCodes } from "./trust-use-codes.ts";
import { makeFolder } from "./make-folder.ts";

/**
 * Does `work` while no other process, and nothing else in this one, edits the trust files of this state folder. The lock
 * is SQLite's on an empty file: the operating system takes it back from a process that dies. Faults: TRUST_BUSY, and
 * TRUST_FILE_ACCESS where the folder cannot be written.
 */
export async function withTrustLock<T>(
  stateFolder: string,
  work: () => Promise<Result<T>>,
  pause?: () => Promise<void>,
): Promise<Result<T>> {
  const folder = join(stateFolder, "trust");
  try {
    await makeFolder(folder, 0o700);
  } catch (error) {
    return fileFault(folder, error);
  }
  const held = await takeLock(join(folder, ".lock"), pause);
  if (!held.ok) {
    return held;
  }
  if (held.value === undefined) {
    return fail(faultOf(trustUseCodes, "TRUST_BUSY", { folder }));
  }
  try {
    return await work();
  } finally {
    held.value.close();
  }
}

/** Undefined when somebody else held the lock for too long. */
async function takeLock(path: string, pause?: () => Promise<void>): Promise<Result<FileLock | undefined>> {
  try {
    return ok(await waitForFileLock(path, pause));
  } catch (error) {
    return fileFault(path, error);
  }
}
