import { lstatSync, readdirSync, statSync, statfsSync, type Stats } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";

/** How long counting may hold up everything else, in milliseconds. */
const SLICE_MS = 5;
const BLOCK_BYTES = 512;
/** What files in memory stand on, memfd among them (linux/magic.h). */
const TMPFS_MAGIC = 0x01021994;

export type DiskUse = {
  readonly bytes: number;
  /** True when a folder could not be read, so that there may be more. */
  readonly partial: boolean;
};

/**
 * Bytes on disk below some folders, and of files that have no name any more and are only held open by these processes.
 * Follows no link; counts a file with several names once. A large tree is counted in slices.
 */
export async function diskUse(folder: string, pids: readonly number[]): Promise<DiskUse> {
  let bytes = 0;
  let partial = false;
  let until = performance.now() + SLICE_MS;
  const folders = [folder];
  const linked = new Set<number>();
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    const names = namesIn(path);
    partial ||= names === undefined;
    for (const name of names ?? []) {
      const found = tryStat(`${path}/${name}`, lstatSync);
      if (found !== undefined && (found.nlink === 1 || found.isDirectory() || !linked.has(found.ino))) {
        bytes += bytesOf(found);
        linked.add(found.nlink === 1 ? 0 : found.ino);
      }
      if (found?.isDirectory() === true) {
        folders.push(`${path}/${name}`);
      }
      if (performance.now() > until) {
        await nextTurn();
        until = performance.now() + SLICE_MS;
      }
    }
  }
  return { bytes: bytes + unlinkedBytes(pids), partial };
}

function unlinkedBytes(pids: readonly number[]): number {
  const seen = new Map<string, number>();
  for (const pid of pids) {
    for (const fd of namesIn(`/proc/${pid}/fd`) ?? []) {
      const found = tryStat(`/proc/${pid}/fd/${fd}`, statSync);
      if (found?.isFile() === true && found.nlink === 0 && !isInMemory(`/proc/${pid}/fd/${fd}`)) {
        seen.set(`${found.dev}:${found.ino}`, bytesOf(found));
      }
    }
  }
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function isInMemory(path: string): boolean {
  try {
    return statfsSync(path).type === TMPFS_MAGIC;
  } catch {
    return true;
  }
}

function bytesOf(found: Stats | undefined): number {
  return (found?.blocks ?? 0) * BLOCK_BYTES;
}

/** Undefined where the folder is there and does not let itself be read. */
function namesIn(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EACCES" ? undefined : [];
  }
}

function tryStat(path: string, look: (path: string) => Stats): Stats | undefined {
  try {
    return look(path);
  } catch {
    return undefined;
  }
}
