import { canonicalBytes } from "#canon/canonical-json.ts";
import { integer, object, string, fits } from "#canon/shape.ts";
import type { LineFile } from "./line-file.ts";
import type { Amount, Meter } from "./meter.ts";

export const QUOTA_FILE = "egress-quota.jsonl";

/** One line: from here on, this much of the quota counts as used. The last line of a meter is the one that holds. */
const quotaLineShape = object({ meter: string({ min: 1 }), requests: integer({ min: 0 }), bytes: integer({ min: 0 }) });

type Waiter = {
  readonly needs: readonly { readonly meter: Meter; readonly used: Amount }[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
};

/** What was set aside, by meter; undefined when a line is none of ours. */
export async function readReserved(file: LineFile): Promise<ReadonlyMap<string, Amount> | undefined> {
  const found = new Map<string, Amount>();
  for await (const text of file.read()) {
    const line = text === undefined ? undefined : parsed(text);
    if (line === undefined || !fits(quotaLineShape, line)) {
      return undefined;
    }
    found.set(line.meter, { requests: line.requests, bytes: line.bytes });
  }
  return found;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Sets amounts of quotas aside in the run's lines, before they are used.
 * 1. Nothing resolves before what it needs is on the medium: after a crash, what was written counts as used.
 * 2. One write is under way at a time; it takes all that came together meanwhile.
 * 3. What a write that failed was to set aside is not, whatever of it is on the medium.
 */
export class QuotaFile {
  readonly #file: LineFile;
  readonly #due = new Set<Meter>();
  readonly #waiters = new Set<Waiter>();
  #writing: Promise<void> | undefined;
  #isIdle = false;
  #error: unknown;

  constructor(file: LineFile) {
    this.#file = file;
  }

  /** Undefined when what the meters have used may leave now; else resolves when it may. Rejects with a `StoreError`. */
  cover(meters: readonly Meter[]): Promise<void> | undefined {
    this.#isIdle = false;
    for (const meter of meters.filter((each) => each.isLow || !each.isCovered)) {
      this.#due.add(meter);
    }
    const open = meters.filter((meter) => !meter.isCovered);
    if (open.length === 0) {
      this.#write();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#waiters.add({ needs: open.map((meter) => ({ meter, used: meter.used })), resolve, reject });
      this.#write();
    });
  }

  /**
   * Gives back what was set aside and not used. Nothing may be under way; what comes later is covered anew. Rejects with a
   * `StoreError` when that could not be written: it then stays set aside.
   */
  async release(meters: Iterable<Meter>): Promise<void> {
    this.#isIdle = true;
    this.#error = undefined;
    for (const meter of meters) {
      if (meter.isAhead) {
        this.#due.add(meter);
      }
    }
    this.#write();
    await this.#writing;
    if (this.#error !== undefined) {
      throw this.#error as Error;
    }
  }

  #write(): void {
    if (this.#writing === undefined && this.#due.size > 0) {
      this.#writing = this.#writeAll().finally(() => {
        this.#writing = undefined;
        // A meter may have become due after the last look.
        this.#write();
      });
    }
  }

  async #writeAll(): Promise<void> {
    while (this.#due.size > 0) {
      const batch = [...this.#due].map((meter) => ({ meter, next: meter.nextReserve(!this.#isIdle) }));
      this.#due.clear();
      for (const { meter, next } of batch) {
        meter.beginReserve(next);
      }
      try {
        await this.#file.append(Buffer.concat(batch.map(({ meter, next }) => lineOf(meter, next))), true);
      } catch (error) {
        this.#fail(error);
        return;
      }
      for (const { meter, next } of batch) {
        meter.endReserve(next);
      }
      this.#wake();
    }
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      const open = waiter.needs.filter(({ meter, used }) => !meter.covers(used));
      for (const { meter } of open) {
        this.#due.add(meter);
      }
      if (open.length === 0) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
    }
  }

  /** Who waits is refused; whoever comes later has it tried once more. */
  #fail(error: unknown): void {
    this.#error = error;
    this.#due.clear();
    for (const { reject } of this.#waiters) {
      reject(error);
    }
    this.#waiters.clear();
  }
}

function lineOf(meter: Meter, { requests, bytes }: Amount): Uint8Array {
  return Buffer.concat([canonicalBytes({ meter: meter.name, requests, bytes }), Buffer.of(0x0a)]);
}
