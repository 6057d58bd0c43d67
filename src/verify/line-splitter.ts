import { concatBytes } from "#canon/bytes.ts";

const NEWLINE = 0x0a;

export type LineSplitter = {
  /** Bytes in any cut; calls back with each whole line, without its newline. A line is valid only during the call. */
  readonly push: (chunk: Uint8Array) => void;
  /** The bytes behind the last newline. */
  readonly rest: () => number;
  /** True once a line was longer than the limit; nothing more is called back then. */
  readonly overflowed: () => boolean;
};

/** Cuts a stream into lines in memory of one line and one chunk. */
export function lineSplitter(limit: number, onLine: (line: Uint8Array) => void): LineSplitter {
  let held: Uint8Array[] = [];
  let length = 0;
  let overflow = false;
  const close = (end: Uint8Array): void => {
    const line = held.length === 0 ? end : concatBytes(...held, end);
    held = [];
    length = 0;
    onLine(line);
  };
  return {
    push: (chunk) => {
      let from = 0;
      while (!overflow) {
        const at = chunk.indexOf(NEWLINE, from);
        const end = at === -1 ? chunk.length : at;
        if (length + end - from > limit) {
          overflow = true;
          held = [];
        } else if (at === -1) {
          if (from < end) {
            held.push(chunk.slice(from));
            length += end - from;
          }
          return;
        } else {
          close(chunk.subarray(from, at));
          from = at + 1;
        }
      }
    },
    rest: () => length,
    overflowed: () => overflow,
  };
}
