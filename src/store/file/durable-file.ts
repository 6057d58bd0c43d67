import { randomBytes } from "node:crypto";
import { link, mkdir, open, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCodeOf } from "#fault/medium-fault.ts";

/** Writes a new file and waits until its bytes are on the disk. Its name is there after `syncFolder`. */
export async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  await using file = await open(path, "wx");
  await file.writeFile(bytes);
  await file.sync();
}

/** Waits until the names in a folder are on the disk. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}

/** Makes a folder and those above it, durably; a folder that is there costs no fsync and keeps its rights. */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  if (await isThere(path, mode)) {
    return;
  }
  await makeFolder(dirname(path), mode);
  if (!(await isThere(path, mode))) {
    throw Object.assign(new Error(`${path} cannot be made`), { code: "ENOENT", syscall: "mkdir" });
  }
}

/** Whether the folder was there or could be made. Node's `recursive` never ends below /proc, where neither is so. */
async function isThere(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "EEXIST" || (code === "ENOENT" && dirname(path) !== path)) {
      return code === "EEXIST";
    }
    throw error;
  }
  await syncFolder(dirname(path));
  return true;
}

/**
 * Gives a file its bytes once and for all: after a crash it has all of them or is not there. False when something is
 * there already; that is left as it is. A hard link is what puts a name in place without ever replacing one.
 */
export async function placeFile(path: string, bytes: Uint8Array): Promise<boolean> {
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = join(folder, `.${basename(path).slice(0, 200)}.${randomBytes(6).toString("hex")}`);
  try {
    await writeNewFile(temporary, bytes);
    await link(temporary, path);
  } catch (error) {
    if (systemCodeOf(error) === "EEXIST") {
      return false;
    }
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
  await syncFolder(folder);
  return true;
}
