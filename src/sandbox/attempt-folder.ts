import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { rm, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { TOOL_ENV } from "./tool-env.ts";

const run = promisify(execFile);

/** What one attempt has on the host's disk. Fresh for each attempt; only `work` and `output` are the step's to write. */
export type AttemptFolder = {
  readonly path: string;
  readonly work: string;
  readonly output: string;
};

/** The folder lets the slot's group pass and nobody else; everything else about the step is bound read-only. */
export function makeAttemptFolder(path: string, uid: number | undefined): AttemptFolder {
  const folder = { path, work: join(path, "work"), output: join(path, "output.json") };
  mkdirSync(path, { mode: 0o710 });
  mkdirSync(folder.work, { mode: 0o700 });
  writeFileSync(folder.output, "", { mode: 0o600, flag: "wx" });
  chmodSync(path, 0o710);
  if (uid !== undefined) {
    chownSync(path, 0, uid);
    chownSync(folder.work, uid, uid);
    chownSync(folder.output, uid, uid);
  }
  return folder;
}

/** A file that the step may read and not write: its script, its standard input. */
export function addFile(folder: AttemptFolder, name: string, text: string): string {
  const path = join(folder.path, name);
  writeFileSync(path, text, { flag: "wx" });
  chmodSync(path, 0o444);
  return path;
}

/** Most attempts leave an empty working folder and no other files: then three calls do. */
export async function removeAttemptFolder(folder: AttemptFolder): Promise<void> {
  try {
    await rmdir(folder.work);
    await unlink(folder.output);
    await rmdir(folder.path);
  } catch {
    await removeTree(folder.path);
  }
}

/**
 * Removes a tree that a step may have made unpleasant: folders without rights, paths longer than a system call takes.
 * `rm` walks by descriptors and so has no such bound.
 */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch {
    await run("chmod", ["-R", "u+rwX", "--", path], { env: TOOL_ENV }).catch(() => undefined);
    await run("rm", ["-rf", "--", path], { env: TOOL_ENV }).catch(() => undefined);
  }
}
