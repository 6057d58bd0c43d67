import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

const TRIES = 400;
const PAUSE_MS = 25;

/**
 * Does `work` while no other process, and nothing else in this one, edits the trust files of this state folder. The lock
 * is SQLite's on an empty file: the operating system takes it back from a process that dies. Fault: TRUST_BUSY.
 */
export async function withTrustLock<T>(
  stateFolder: string,
  work: () => Promise<Result<T>>,
  pause: () => Promise<void> = shortPause,
): Promise<Result<T>> {
  const folder = join(stateFolder, "trust");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const held = tryLock(join(folder, ".lock"));
    if (held !== undefined) {
      try {
        return await work();
      } finally {
        held.close();
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

function tryLock(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch (error) {
    database.close();
    if (error instanceof Error && "errcode" in error && error.errcode === 5) {
      return undefined;
    }
    throw error;
  }
}
