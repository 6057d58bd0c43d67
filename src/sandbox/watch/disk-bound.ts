import { statfsSync } from "node:fs";
import type { Limits } from "#plan/plan.ts";
import { WATCH_MS } from "../limit/limit-values.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** Steps need room for more than what they hand over: sources unpacked, things half made. */
const FACTOR = 4;
export const LEAST_DISK_BYTES: number = 256 * MIB;

/** How much the working folder of an attempt may hold. */
export function diskBytesOf(limits: Pick<Limits, "artifactBytes">): number {
  return Math.max(FACTOR * limits.artifactBytes, LEAST_DISK_BYTES);
}

export const DISK_TEXT = `disk use of the working folder and free space, read every ${WATCH_MS} ms`;

/** What is left on the disk of a folder. */
export type DiskSpace = {
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Files that can still be made; undefined on file systems that do not count. */
  readonly freeFiles?: number;
  readonly totalFiles?: number;
};

export function diskSpace(folder: string): DiskSpace {
  const { bavail, blocks, bsize, ffree, files } = statfsSync(folder);
  const counted = files > 0 ? { freeFiles: ffree, totalFiles: files } : {};
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, ...counted };
}

/** Less than this is not left free by steps: the host, its ledgers and its logs need it. */
export function floorBytes({ totalBytes }: Pick<DiskSpace, "totalBytes">): number {
  return Math.min(GIB, Math.floor(totalBytes / 20));
}

/** What is too little of, in words; undefined when there is enough of everything. */
export function scarcity(space: DiskSpace): string | undefined {
  const floor = floorBytes(space);
  if (space.freeBytes < floor) {
    return `less than ${roundSize(floor)} is free`;
  }
  const { freeFiles = Number.POSITIVE_INFINITY, totalFiles = 0 } = space;
  return freeFiles < Math.min(20_000, totalFiles / 20) ? `room for only ${freeFiles} more files is left` : undefined;
}

/** Sizes of disks, for people. */
export function roundSize(bytes: number): string {
  return bytes < GIB ? `${Math.floor(bytes / MIB)} MiB` : `${Math.floor((bytes / GIB) * 10) / 10} GiB`;
}
