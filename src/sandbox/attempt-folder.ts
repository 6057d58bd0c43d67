import { execFile } from "node:child_process";
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
  type BigIntStats,
} from "node:fs";
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
  /** When the younger of them last changed by the clock of its file system, in nanoseconds since 1970. */
  readonly changedAt: bigint;
  /** It had settled before an attempt that left it as it was. */
  readonly isKept?: boolean;
  /** The names of other files in it. */
  readonly added: string[];
};

const FOLDER_MODE = 0o710;

/** The folder lets the slot's group pass and nobody else; everything else about the step is bound read-only. */
export function makeAttemptFolder(path: string, uid: number | undefined): AttemptFolder {
  const [work, output] = [join(path, "work"), join(path, "output.json")];
  mkdirSync(path, { mode: FOLDER_MODE });
  mkdirSync(work, { mode: 0o700 });
  writeFileSync(output, "", { mode: 0o600, flag: "wx" });
  chmodSync(path, FOLDER_MODE);
  if (uid !== undefined) {
    chownSync(path, 0, uid);
    chownSync(work, uid, uid);
    chownSync(output, uid, uid);
  }
  const [workLook, outputLook] = [lookAt(work), lookAt(output)];
  // A kernel that can tell short times apart does so from the first look on.
  lookAt(path);
  return {
    path,
    work,
    output,
    mark: markOf(workLook, outputLook),
    changedAt: workLook.ctimeNs > outputLook.ctimeNs ? workLook.ctimeNs : outputLook.ctimeNs,
    added: [],
  };
}

function lookAt(path: string): BigIntStats {
  return statSync(path, { bigint: true });
}

/** Every change of a file, of its names, rights and attributes, and of what stands in a folder moves its ctime. */
function markOf(...looks: readonly BigIntStats[]): string {
  return looks.map(({ ino, ctimeNs, mtimeNs }) => `${ino} ${ctimeNs} ${mtimeNs}`).join(", ");
}

/**
 * Whether what a step touches from now on can be told from what was there before. Times of files stand still for up to
 * 10 ms on some kernels, so the folder around them is changed to see which time a change bears now.
 */
export function hasSettled({ path, changedAt, isKept }: AttemptFolder): boolean {
  try {
    if (isKept !== true) {
      chmodSync(path, FOLDER_MODE);
    }
    return isKept === true || lookAt(path).ctimeNs > changedAt;
  } catch {
    return false;
  }
}

/** Takes away what was added; false when a step may have touched the rest. To be asked when nothing of it runs any more. */
export function cleanUntouched({ path, work, output, mark, added }: AttemptFolder): boolean {
  try {
    if (markOf(lookAt(work), lookAt(output)) !== mark || readdirSync(work).length > 0) {
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
