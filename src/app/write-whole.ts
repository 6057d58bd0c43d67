import { open, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { systemCode } from "#fault/system-problem.ts";

/**
 * Writes a file that a person named, whole or not at all: beside it first, then into its place. A link is followed. What is
 * there and is neither file nor folder, a device or a pipe, is written as it stands. Throws the system's errors.
 */
export async function writeWhole<T>(out: string, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const there = await ifThere(stat(out));
  if (there !== undefined && !there.isFile() && !there.isDirectory()) {
    await using handle = await open(out, "w");
    return await write(handle);
  }
  const place = (await ifThere(realpath(out))) ?? out;
  const draft = draftOf(place);
  const handle = await open(draft, "wx", 0o644);
  try {
    const written = await write(handle);
    await handle.sync();
    await handle.close();
    await rename(draft, place);
    return written;
  } catch (error) {
    await handle.close().catch(() => undefined);
    await rm(draft, { force: true });
    throw error;
  }
}

/** Whether the system said an error of such a file itself, and not of what goes into it. */
export function isOfPlace(error: unknown, out: string): boolean {
  return error instanceof Error && "path" in error && (error.path === out || String(error.path).endsWith(draftOf("")));
}

function draftOf(place: string): string {
  return `${place}.${process.pid}.tmp`;
}

async function ifThere<T>(look: Promise<T>): Promise<T | undefined> {
  try {
    return await look;
  } catch (error) {
    if (systemCode(error) === "ENOENT") {
      return undefined;
    }
    throw error;
  }
}
