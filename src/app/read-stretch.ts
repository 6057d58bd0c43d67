import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/** Bytes of one read: large enough that a hash is never kept waiting by the number of calls. */
const CHUNK = 1024 * 1024;

/**
 * A stretch of a file, in order. While the consumer works on one chunk the next is being read, into the other of two
 * buffers: a chunk is valid only until the next one is asked for. A file that has become shorter is an error.
 */
export async function* readStretch(handle: FileHandle, start: number, size: number): AsyncIterable<Uint8Array> {
  const buffers = [new Uint8Array(Math.min(CHUNK, size)), new Uint8Array(Math.min(CHUNK, Math.max(0, size - CHUNK)))];
  let at = 0;
  let turn = 0;
  const next = (): Promise<Uint8Array> | undefined => {
    const length = Math.min(CHUNK, size - at);
    const buffer = buffers[turn % 2];
    if (length === 0 || buffer === undefined) {
      return undefined;
    }
    const reading = readExactly(handle, buffer.subarray(0, length), start + at);
    // A read that fails while nobody waits for it is reported when it is asked for.
    reading.catch(() => undefined);
    at += length;
    turn += 1;
    return reading;
  };
  let ahead = next();
  try {
    while (ahead !== undefined) {
      const chunk = await ahead;
      ahead = next();
      yield chunk;
    }
  } finally {
    // A consumer that stops early must not close the file under a read.
    await ahead?.catch(() => undefined);
  }
}

/** A whole file, in order, as `readStretch` gives it. A link is never followed. */
export async function* readWhole(path: string): AsyncIterable<Uint8Array> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await handle.stat();
    yield* readStretch(handle, 0, size);
  } finally {
    await handle.close();
  }
}

/** Fills the buffer from a place in the file. */
export async function readExactly(handle: FileHandle, buffer: Uint8Array, start: number): Promise<Uint8Array> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, start + done);
    if (bytesRead === 0) {
      throw new Error("the file ends too early");
    }
    done += bytesRead;
  }
  return buffer;
}
