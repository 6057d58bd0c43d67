import type { OutputBatch } from "#port/step-runner.ts";

/** The bytes of one batch, newlines included. */
const BATCH_BYTES = 64 * 1024;
const NEWLINE = 10;

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

type Part = Omit<OutputBatch, "stream">;

/**
 * Cuts a stream of bytes into batches of lines, in constant memory.
 * 1. No batch holds more than `BATCH_BYTES` of the stream; a longer line is cut between characters and marked partial.
 * 2. Joined with newlines (none behind a partial line), the lines are the stream; each byte that is not UTF-8 is `\xHH`.
 */
export class LineBatcher {
  #held: Buffer = Buffer.alloc(0);

  /** Takes bytes and returns the batches that are full. */
  push(chunk: Uint8Array): readonly Part[] {
    this.#held = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    const full: Part[] = [];
    while (this.#held.length >= BATCH_BYTES) {
      full.push(this.#take(BATCH_BYTES, false));
    }
    return full;
  }

  /** What is held so far, but for the beginning of a character; undefined when that is nothing. */
  flush(): Part | undefined {
    const whole = this.#held.length - unfinished(this.#held);
    return whole === 0 ? undefined : this.#take(whole, false);
  }

  /** Everything that is left. */
  end(): Part | undefined {
    return this.#held.length === 0 ? undefined : this.#take(this.#held.length, true);
  }

  #take(most: number, last: boolean): Part {
    const window = this.#held.subarray(0, most);
    const newline = window.lastIndexOf(NEWLINE);
    const cut = newline >= 0 && !last && most === BATCH_BYTES ? newline + 1 : most - (last ? 0 : unfinished(window));
    const taken = this.#held.subarray(0, cut);
    this.#held = Buffer.from(this.#held.subarray(cut));
    return linesOf(taken);
  }
}

function linesOf(bytes: Buffer): Part {
  const { text, invalidBytes } = decode(bytes);
  const lines = text.split("\n");
  const partial = lines.at(-1) !== "";
  if (!partial) {
    lines.pop();
  }
  return { lines, ...(partial ? { partial } : {}), ...(invalidBytes > 0 ? { invalidBytes } : {}) };
}

function decode(bytes: Buffer): { readonly text: string; readonly invalidBytes: number } {
  try {
    return { text: strict.decode(bytes), invalidBytes: 0 };
  } catch {
    return decodeLoosely(bytes);
  }
}

function decodeLoosely(bytes: Buffer): { readonly text: string; readonly invalidBytes: number } {
  const parts: string[] = [];
  let invalidBytes = 0;
  let from = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = characterLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    parts.push(bytes.toString("utf8", from, at), `\\x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}`);
    invalidBytes += 1;
    at += 1;
    from = at;
  }
  parts.push(bytes.toString("utf8", from));
  return { text: parts.join(""), invalidBytes };
}

/** Bytes of the well-formed character at `at` (Unicode, table 3-7); 0 when there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  for (let next = 1; next < length; next += 1) {
    const byte = bytes[at + next] ?? 0;
    const [low, high] = next === 1 ? secondByte(first) : [0x80, 0xbf];
    if (byte < low || byte > high) {
      return 0;
    }
  }
  return length;
}

/** No overlong forms, no surrogates, nothing above U+10FFFF. */
function secondByte(first: number): readonly [low: number, high: number] {
  switch (first) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}

/** How many bytes at the end may be the beginning of a character. */
function unfinished(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte >= 0xc0) {
      const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return needed > back ? back : 0;
    }
    if (byte < 0x80) {
      return 0;
    }
  }
  return 0;
}
