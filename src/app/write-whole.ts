import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, realpath, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { systemCode } from "#fault/system-problem.ts";

/** A file on its way: written at `path`, then put into its place, or dropped. */
export type Draft = {
  readonly path: string;
  readonly settle: () => Promise<void>;
  /** Takes away what was not put into its place. */
  readonly drop: () => Promise<void>;
};

/**
 * Where a file that a person named is written first, so that it stands in its place whole or not at all: beside it. A link is
 * followed. What is there and is neither file nor folder, a device or a pipe, is not replaced but takes what was written
 * elsewhere. Throws the system's errors.
 */
export async function draftFor(out: string): Promise<Draft> {
  const there = await ifThere(stat(out));
  if (there !== undefined && !there.isFile() && !there.isDirectory()) {
    const path = draftOf(join(await mkdtemp(join(tmpdir(), "packrun-draft-")), "file"));
    const drop = (): Promise<void> => rm(dirname(path), { recursive: true, force: true });
    const settle = (): Promise<void> => pipeline(createReadStream(path), createWriteStream(out));
    return { path, settle, drop };
  }
  const place = (await ifThere(realpath(out))) ?? out;
  const path = draftOf(place);
  return { path, settle: () => rename(path, place), drop: () => rm(path, { force: true }) };
}

/** Writes a file that a person named, as `draftFor` says. Throws the system's errors. */
export async function writeWhole<T>(out: string, write: (handle: FileHandle) => Promise<T>): Promise<T> {
  const draft = await draftFor(out);
  try {
    await using handle = await open(draft.path, "wx", 0o644);
    const written = await write(handle);
    await handle.sync();
    await draft.settle();
    return written;
  } finally {
    await draft.drop();
  }
}

const WRONG_PATH: ReadonlySet<string> = new Set([
  "EACCES",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
]);

/** Whether an error says that no file can have this path, and not something of what goes into the file or of the disk. */
export function isWrongPath(error: unknown, out: string): boolean {
  const isOfPlace =
    error instanceof Error && "path" in error && (error.path === out || String(error.path).endsWith(draftOf("")));
  return isOfPlace && WRONG_PATH.has(systemCode(error));
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
