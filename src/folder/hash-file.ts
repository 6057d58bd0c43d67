import { createHash, type Hash } from "node:crypto";
import { closeSync, constants, fstatSync, lstatSync, openSync, read, readSync, type BigIntStats } from "node:fs";
import { promisify } from "node:util";
import { problemOf } from "./refusal.ts";

type HashedFile = { readonly size: number; readonly sha256: string; readonly isExecutable: boolean };
export type Hashing =
  | { readonly ok: true; readonly file: HashedFile }
  | { readonly ok: false; readonly problem: string };

const CHUNK = 256 * 1024;
/** A file up to this is read at once: four trips through the thread pool cost more than reading it. */
const SMALL = CHUNK;
const readAsync = promisify(read);
const smallBuffer = Buffer.allocUnsafe(SMALL + 1);

/** `O_NONBLOCK`: a FIFO that took the file's place must not hold us. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Hashes a regular file. It is looked at before it is opened (opening a device may already do something), compared
 * with what was opened, and looked at again at the end: what changed meanwhile is refused.
 */
export async function hashFile(path: string | Buffer): Promise<Hashing> {
  try {
    const seen = lstatSync(path, { bigint: true });
    if (!seen.isFile()) {
      return { ok: false, problem: `it is ${kindOf(seen)}` };
    }
    const fd = openSync(path, FLAGS);
    try {
      const sha256 = isSame(seen, fstatSync(fd, { bigint: true })) ? await digest(fd, Number(seen.size)) : undefined;
      if (sha256 === undefined || !isSame(seen, fstatSync(fd, { bigint: true }))) {
        return { ok: false, problem: "it changed while it was read" };
      }
      return { ok: true, file: { size: Number(seen.size), sha256, isExecutable: (seen.mode & 0o100n) !== 0n } };
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

/** The SHA-256 of exactly `size` bytes; undefined when there are fewer or more. */
async function digest(fd: number, size: number): Promise<string | undefined> {
  const hash = createHash("sha256");
  const count = size <= SMALL ? readSmall(fd, hash) : await readLarge(fd, hash, size);
  return count === size ? hash.digest("hex") : undefined;
}

function readSmall(fd: number, hash: Hash): number {
  let count = 0;
  for (let more = -1; more !== 0 && count < smallBuffer.length; count += more) {
    more = readSync(fd, smallBuffer, count, smallBuffer.length - count, null);
  }
  hash.update(smallBuffer.subarray(0, count));
  return count;
}

async function readLarge(fd: number, hash: Hash, size: number): Promise<number> {
  const buffer = Buffer.allocUnsafe(CHUNK);
  let count = 0;
  while (count <= size) {
    const { bytesRead } = await readAsync(fd, buffer, 0, CHUNK, null);
    if (bytesRead === 0) {
      break;
    }
    hash.update(buffer.subarray(0, bytesRead));
    count += bytesRead;
  }
  return count;
}

export function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return (
    a.dev === b.dev &&
    a.ino === b.ino &&
    a.mode === b.mode &&
    a.size === b.size &&
    a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs
  );
}

/** What kind of thing this is, in words. */
export function kindOf(stats: BigIntStats): string {
  if (stats.isSymbolicLink()) {
    return "a symbolic link";
  }
  if (stats.isDirectory()) {
    return "a folder";
  }
  if (stats.isFIFO()) {
    return "a FIFO";
  }
  if (stats.isSocket()) {
    return "a socket";
  }
  return stats.isFile() ? "a file" : "a device";
}
