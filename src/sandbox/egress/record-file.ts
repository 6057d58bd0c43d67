import { canonicalBytes } from "#canon/canonical-json.ts";
import { fits } from "#canon/shape.ts";
import { egressLineShape, type EgressLine } from "#run/egress-line.ts";
import { appendLines, readLines, type LineFile } from "./line-file.ts";

export const RECORD_FILE = "egress.jsonl";

/** The sequence of the last line, 0 without one; undefined when a line is none of ours or out of turn. */
export async function lastSequence(file: LineFile): Promise<number | undefined> {
  let count = 0;
  let last: string | undefined = "";
  for await (const line of readLines(file)) {
    if (line === undefined) {
      return undefined;
    }
    count += 1;
    last = line;
  }
  return count === 0 || sequenceOf(last) === count ? count : undefined;
}

function sequenceOf(text: string): number | undefined {
  try {
    const line: unknown = JSON.parse(text);
    return fits(egressLineShape, line) ? line.sequence : undefined;
  } catch {
    return undefined;
  }
}

/** The run's record of tries. Lines are numbered in the order in which they come, over attempts and processes. */
export class RecordFile {
  readonly #file: LineFile;
  #sequence: number;
  #pending: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  #error: unknown;

  constructor(file: LineFile, sequence: number) {
    this.#file = file;
    this.#sequence = sequence;
  }

  add(line: Omit<EgressLine, "sequence">): void {
    this.#sequence += 1;
    this.#pending.push(canonicalBytes({ ...line, sequence: this.#sequence }), Buffer.of(0x0a));
    if (this.#error === undefined) {
      this.#writing ??= this.#writeAll();
    }
  }

  /** Resolves when all lines are on the medium; rejects with a `StoreError` when one could not be written. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) {
      await this.#writing;
    }
    if (this.#error !== undefined) {
      throw this.#error as Error;
    }
  }

  /** Never rejects; after a failure nothing more is written, so that no line goes missing between two others. */
  async #writeAll(): Promise<void> {
    while (this.#pending.length > 0 && this.#error === undefined) {
      const bytes = Buffer.concat(this.#pending);
      this.#pending = [];
      try {
        await appendLines(this.#file, bytes);
      } catch (error) {
        this.#error = error;
      }
    }
    this.#writing = undefined;
  }
}
