import type { FileHandle } from "node:fs/promises";

const WINDOW = 256 * 1024;
const NEWLINE = 0x0a;
/** Stands in place of the first byte of a batch of events until all of the batch is written. */
export const UNCOMMITTED = 0x00;

/** Whole lines that stand one behind the other: with their newlines, and where in the file the last one ends. */
export type LineBatch = { readonly lines: readonly Uint8Array[]; readonly end: number };

/**
 * The whole, committed lines of a ledger from `from` (the start of a line) up to the size that it had at the beginning.
 * A line without its newline, and a batch of which not all was written, are as if they were not there.
 */
export async function* wholeLines(file: FileHandle, from: number): AsyncGenerator<LineBatch> {
  const { size } = await file.stat();
  let rest: Uint8Array = new Uint8Array(0);
  let start = from;
  while (start + rest.length < size) {
    const at = start + rest.length;
    const window = Buffer.allocUnsafe(rest.length + Math.min(WINDOW + rest.length, size - at));
    window.set(rest);
    const { bytesRead } = await file.read(window, rest.length, window.length - rest.length, at);
    if (bytesRead === 0) {
      return;
    }
    const filled = window.subarray(0, rest.length + bytesRead);
    const { lines, length, committed } = cutLines(filled, rest.length);
    if (lines.length > 0) {
      yield { lines, end: start + length };
    }
    if (!committed) {
      return;
    }
    rest = filled.subarray(length);
    start += length;
  }
}

/** `searched`: so many bytes at the beginning are known to hold no newline. */
function cutLines(
  bytes: Buffer,
  searched: number,
): { readonly lines: readonly Uint8Array[]; readonly length: number; readonly committed: boolean } {
  const lines: Uint8Array[] = [];
  let length = 0;
  for (let end = bytes.indexOf(NEWLINE, searched); end !== -1; end = bytes.indexOf(NEWLINE, length)) {
    if (bytes[length] === UNCOMMITTED) {
      return { lines, length, committed: false };
    }
    lines.push(bytes.subarray(length, end + 1));
    length = end + 1;
  }
  return { lines, length, committed: true };
}
