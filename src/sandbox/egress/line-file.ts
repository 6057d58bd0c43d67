import { StoreError } from "#fault/store-error.ts";
import type { LineStore, RunKey } from "#port/run-store.ts";

const NEWLINE = 0x0a;
/** A line is one object of a few short members; more is no line of ours. */
const LONGEST_LINE = 64 * 1024;

/**
 * One file of lines of a run, as this process last saw it.
 * Nothing is appended behind lines of somebody else: after another process had the run, it has to be read again.
 */
export class LineFile {
  readonly #lines: LineStore;
  readonly #key: RunKey;
  readonly #name: string;
  /** Bytes that were read or appended. */
  #length = 0;

  constructor(lines: LineStore, key: RunKey, name: string) {
    this.#lines = lines;
    this.#key = key;
    this.#name = name;
  }

  /** One append at a time. Throws a `StoreError`. */
  async append(bytes: Uint8Array, durable: boolean): Promise<void> {
    const appended = await this.#lines.append(this.#key, this.#name, bytes, { durable, behind: this.#length });
    if (!appended.ok) {
      throw new StoreError(appended.fault);
    }
    this.#length += bytes.length;
  }

  /** Each line without its newline, in constant memory; undefined stands for one that is too long. */
  async *read(): AsyncGenerator<string | undefined> {
    let held: Buffer[] = [];
    let length = 0;
    this.#length = 0;
    for await (const chunk of this.#lines.read(this.#key, this.#name)) {
      const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      this.#length += bytes.length;
      let from = 0;
      for (let at = bytes.indexOf(NEWLINE); at !== -1; at = bytes.indexOf(NEWLINE, from)) {
        yield textOf([...held, bytes.subarray(from, at)], length + at - from);
        held = [];
        length = 0;
        from = at + 1;
      }
      length += bytes.length - from;
      held = length > LONGEST_LINE ? [] : [...held, Buffer.from(bytes.subarray(from))];
    }
  }

  /** What became of it since this process last read or wrote it. Costs the same however long it is. */
  async sinceThen(): Promise<"same" | "grown" | "shrunk"> {
    let beyond = this.#length === 0 ? 1 : 0;
    for await (const chunk of this.#lines.read(this.#key, this.#name, Math.max(0, this.#length - 1))) {
      beyond += chunk.length;
      if (beyond > 1) {
        return "grown";
      }
    }
    return beyond === 1 ? "same" : "shrunk";
  }
}

function textOf(parts: readonly Buffer[], length: number): string | undefined {
  return length > LONGEST_LINE ? undefined : Buffer.concat(parts).toString("utf8");
}
