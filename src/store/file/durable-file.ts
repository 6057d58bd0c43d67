import { randomBytes } from "node:crypto";
import { link, mkdir, open, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { systemCodeOf } from "./medium-fault.ts";

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
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) {
    return;
  }
  for (let at = path; at.length >= first.length; at = dirname(at)) {
    await syncFolder(dirname(at));
  }
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
