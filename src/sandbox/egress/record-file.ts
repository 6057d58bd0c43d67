import { canonicalBytes } from "#canon/canonical-json.ts";
import { fits } from "#canon/shape.ts";
import type { Clock } from "#port/clock.ts";
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

/** How long a line may wait for company: each write makes the medium work. */
const BATCH_MS = 50;
/** Lines that do not wait any more. */
const BATCH_LINES = 500;

/** The run's record of tries. Lines are numbered in the order in which they come, over attempts and processes. */
export class RecordFile {
  readonly #file: LineFile;
  readonly #clock: Clock;
  #sequence: number;
  #pending: Uint8Array[] = [];
  #stopTimer: (() => void) | undefined;
  #writing: Promise<void> | undefined;
  #error: unknown;

  constructor(file: LineFile, clock: Clock, sequence: number) {
    this.#file = file;
    this.#clock = clock;
    this.#sequence = sequence;
  }

  add(line: Omit<EgressLine, "sequence">): void {
    this.#sequence += 1;
    this.#pending.push(Buffer.concat([canonicalBytes({ ...line, sequence: this.#sequence }), Buffer.of(0x0a)]));
    if (this.#pending.length >= BATCH_LINES) {
      this.#write();
    } else {
      this.#stopTimer ??= this.#clock.after(BATCH_MS, () => this.#write());
    }
  }

  #write(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (this.#pending.length > 0 && this.#error === undefined) {
      this.#writing ??= this.#writeAll();
    }
  }

  /** Resolves when all lines are on the medium; rejects with a `StoreError` when one could not be written. */
  async flush(): Promise<void> {
    this.#write();
    while (this.#writing !== undefined) {
      await this.#writing;
      this.#write();
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
