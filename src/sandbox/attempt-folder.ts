import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, unlinkSync, writeFileSync } from "node:fs";
import { rm, rmdir, unlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { TOOL_ENV } from "./tool-env.ts";

const run = promisify(execFile);

/**
 * What one attempt has on the host's disk; only `work` and `output` are the step's to write. The next attempt of the same
 * user gets the same folder only when nobody has touched these two.
 */
export type AttemptFolder = {
  readonly path: string;
  readonly work: string;
  readonly output: string;
  /** What its two parts looked like when they were made. */
  readonly mark: string;
  /** On the clock of `performance`. */
  readonly madeAt: number;
  /** The names of other files in it. */
  readonly added: string[];
};

/** Times of files stand still for up to 10 ms (a tick of a kernel with 100 of them in a second). */
const TICK_MS = 10;

/** The folder lets the slot's group pass and nobody else; everything else about the step is bound read-only. */
export function makeAttemptFolder(path: string, uid: number | undefined): AttemptFolder {
  const [work, output] = [join(path, "work"), join(path, "output.json")];
  mkdirSync(path, { mode: 0o710 });
  mkdirSync(work, { mode: 0o700 });
  writeFileSync(output, "", { mode: 0o600, flag: "wx" });
  chmodSync(path, 0o710);
  if (uid !== undefined) {
    chownSync(path, 0, uid);
    chownSync(work, uid, uid);
    chownSync(output, uid, uid);
  }
  return { path, work, output, mark: markOf(work, output), madeAt: performance.now(), added: [] };
}

/** Every change of a file, of its names, rights and attributes, and of what stands in a folder moves its ctime. */
function markOf(...paths: readonly string[]): string {
  return paths
    .map((path) => {
      const { ino, ctimeNs, mtimeNs } = statSync(path, { bigint: true });
      return `${ino} ${ctimeNs} ${mtimeNs}`;
    })
    .join(", ");
}

/** Whether what a step touches from now on can be told from what was there before. */
export function hasSettled({ madeAt }: AttemptFolder): boolean {
  return performance.now() - madeAt > 2 * TICK_MS;
}

/** Takes away what was added; false when a step may have touched the rest. To be asked when nothing of it runs any more. */
export function cleanUntouched({ path, work, output, mark, added }: AttemptFolder): boolean {
  try {
    if (markOf(work, output) !== mark || readdirSync(work).length > 0) {
      return false;
    }
    added.splice(0).forEach((name) => unlinkSync(join(path, name)));
    return true;
  } catch {
    return false;
  }
}

/** A file that the step may read and not write: its script, its standard input. */
export function addFile(folder: AttemptFolder, name: string, text: string): string {
  const path = join(folder.path, name);
  folder.added.push(name);
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
