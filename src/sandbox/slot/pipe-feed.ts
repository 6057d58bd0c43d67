import { closeSync, constants, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { systemCode } from "#fault/system-problem.ts";

/**
 * Writes bytes into a FIFO that has a reader, then closes it, so that the reader meets the end. What the pipe holds at
 * once (64 KiB) is written before this returns; a rest follows as the reader takes it. Nothing touches a disk.
 */
export function feedPipe(path: string, bytes: Uint8Array): void {
  const fd = openWriter(path);
  let at = 0;
  try {
    while (at < bytes.length) {
      at += writeSync(fd, bytes, at);
    }
  } catch (error) {
    if (systemCode(error) === "EAGAIN") {
      const rest = new Socket({ fd, readable: false, writable: true });
      rest.on("error", () => rest.destroy());
      rest.end(bytes.subarray(at));
      return;
    }
    closeSync(fd);
    throw error;
  }
  closeSync(fd);
}

/**
 * Opens the reading end for a child, which shall wait for bytes like any program. Opening it so waits for a writer, and
 * for that moment we are one ourselves.
 */
export function openChildReader(path: string): number {
  const keeper = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    return openSync(path, constants.O_RDONLY);
  } finally {
    closeSync(keeper);
  }
}

/** A writing end that is there whether or not there is a reader yet. */
export function openToken(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}

/** The writing end of a FIFO whose reader is there already. */
export function openWriter(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
}
