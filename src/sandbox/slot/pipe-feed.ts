import { closeSync, constants, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { systemCode } from "#fault/system-problem.ts";

/**
 * Writes bytes into a FIFO that has a reader, then closes it, so that the reader meets the end. What the pipe holds at
 * once (64 KiB) is written before this returns; a rest follows as the reader takes it. Nothing touches a disk.
 */
export function feedPipe(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
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

/** The reading ends for ourselves, whether or not there are writers: all of them, or none is left open. */
export function readersOf(paths: readonly string[]): readonly Socket[] {
  const opened: Socket[] = [];
  try {
    for (const path of paths) {
      opened.push(readerOf(openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)));
    }
    return opened;
  } catch (error) {
    opened.forEach((socket) => socket.destroy());
    throw error;
  }
}

/** One for all: what was read is copied before anything else is read. */
const buffer: Buffer = Buffer.allocUnsafeSlow(64 * 1024);

/** Without a buffer of ours Node takes 64 KiB of fresh memory for every read, however little there is. */
function readerOf(fd: number): Socket {
  const callback = (count: number, bytes: Uint8Array): boolean => socket.push(Buffer.from(bytes.subarray(0, count)));
  const socket: Socket = new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } });
  return socket;
}

/** A writing end that is there whether or not there is a reader yet. */
export function openToken(path: string): number {
  return openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
}
