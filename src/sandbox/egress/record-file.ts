import { canonicalBytes } from "#canon/canonical-json.ts";
import { fits } from "#canon/shape.ts";
import type { Clock } from "#port/clock.ts";
import { egressLineShape, type EgressLine } from "#run/egress-line.ts";
import type { LineFile } from "./line-file.ts";

export const RECORD_FILE = "egress.jsonl";

/** The sequence of the last line, 0 without one; undefined when a line is none of ours or out of turn. */
export async function lastSequence(file: LineFile): Promise<number | undefined> {
  let count = 0;
  let last: string | undefined = "";
  for await (const line of file.read()) {
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

/** Between two writes: the first line is written at once, those that come right behind it go together. */
const PAUSE_MS = 5;

/**
 * The run's record of tries. Lines are numbered in the order in which they come, over attempts and processes. A line that
 * was written outlives this process; it outlives a power cut once `flush` has resolved.
 */
export class RecordFile {
  readonly #file: LineFile;
  readonly #clock: Clock;
  #sequence: number;
  #pending: Uint8Array[] = [];
  #isResting = false;
  #writing: Promise<void> | undefined;
  /** Something was written since the last flush. */
  #isDirty = false;
  #error: unknown;

  constructor(file: LineFile, clock: Clock, sequence: number) {
    this.#file = file;
    this.#clock = clock;
    this.#sequence = sequence;
  }

  /** Why the last write failed. Its lines are kept, and written before any other. */
  get error(): unknown {
    return this.#error;
  }

  add(line: Omit<EgressLine, "sequence">): void {
    this.#sequence += 1;
    this.#pending.push(Buffer.concat([canonicalBytes({ ...line, sequence: this.#sequence }), Buffer.of(0x0a)]));
    this.#writeSoon();
  }

  #writeSoon(): void {
    if (this.#isResting || this.#writing !== undefined || this.#pending.length === 0) {
      return;
    }
    this.#isResting = true;
    this.#clock.after(PAUSE_MS, () => {
      this.#isResting = false;
      // What failed is tried again with the next line, or with the last flush.
      if (this.#error === undefined) {
        this.#writeSoon();
      }
    });
    this.#writing = this.#write(false);
  }

  /** Resolves when all lines are on the medium; rejects with a `StoreError` when one could not be written. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) {
      await this.#writing;
    }
    if (this.#pending.length > 0 || this.#isDirty) {
      this.#writing = this.#write(true);
      await this.#writing;
    }
    if (this.#error !== undefined) {
      throw this.#error as Error;
    }
  }

  /** Never rejects. What could not be written stays, so that no line goes missing between two others. */
  async #write(durable: boolean): Promise<void> {
    const lines = this.#pending;
    this.#pending = [];
    try {
      await this.#file.append(Buffer.concat(lines), durable);
      this.#isDirty = !durable;
      this.#error = undefined;
    } catch (error) {
      this.#pending = [...lines, ...this.#pending];
      this.#error = error;
    }
    this.#writing = undefined;
    // What came meanwhile, unless it has to wait.
    if (this.#error === undefined) {
      this.#writeSoon();
    }
  }
}
