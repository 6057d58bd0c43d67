import { lstatSync, readdirSync, statSync, statfsSync, type Stats } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { systemCode } from "#fault/system-problem.ts";

/** How long counting may hold up everything else, in milliseconds. */
const SLICE_MS = 5;
const BLOCK_BYTES = 512;
const SLASH = Buffer.from("/");
/** What files in memory stand on, memfd among them (linux/magic.h). */
const TMPFS_MAGIC = 0x01021994;

export type DiskUse = {
  readonly bytes: number;
  /** True when something could not be looked at, so that there may be more. */
  readonly partial: boolean;
};

/**
 * Bytes on disk below some folders, and of files that have no name any more and are only held open by these processes.
 * Follows no link; counts a file with several names once. A large tree is counted in slices. Names are bytes: a step may
 * give any, and what is read as text is not found again.
 */
export async function diskUse(folder: string, pids: readonly number[]): Promise<DiskUse> {
  let bytes = 0;
  let partial = false;
  let until = performance.now() + SLICE_MS;
  const folders = [Buffer.from(folder)];
  const linked = new Set<number>();
  for (let path = folders.pop(); path !== undefined; path = folders.pop()) {
    const names = looked(() => readdirSync(path, { encoding: "buffer" }));
    partial ||= names === "unseen";
    for (const name of typeof names === "object" ? names : []) {
      const at = Buffer.concat([path, SLASH, name]);
      const found = looked(() => lstatSync(at));
      partial ||= found === "unseen";
      if (typeof found === "object" && (found.nlink === 1 || found.isDirectory() || !linked.has(found.ino))) {
        bytes += bytesOf(found);
        linked.add(found.nlink === 1 ? 0 : found.ino);
      }
      if (typeof found === "object" && found.isDirectory()) {
        folders.push(at);
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
    const fds = looked(() => readdirSync(`/proc/${pid}/fd`));
    for (const fd of typeof fds === "object" ? fds : []) {
      const path = `/proc/${pid}/fd/${fd}`;
      const found = looked(() => statSync(path));
      if (typeof found === "object" && found.isFile() && found.nlink === 0 && !isInMemory(path)) {
        seen.set(`${found.dev}:${found.ino}`, bytesOf(found));
      }
    }
  }
  return [...seen.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function isInMemory(path: string): boolean {
  const found = looked(() => statfsSync(path));
  return typeof found !== "object" || found.type === TMPFS_MAGIC;
}

function bytesOf({ blocks }: Stats): number {
  return blocks * BLOCK_BYTES;
}

/** `gone` for what is not there any more; `unseen` for what does not let itself be looked at, or lies too deep. */
function looked<T>(look: () => T): T | "gone" | "unseen" {
  try {
    return look();
  } catch (error) {
    const code = systemCode(error);
    return code === "ENOENT" || code === "ENOTDIR" ? "gone" : "unseen";
  }
}
