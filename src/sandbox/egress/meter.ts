/** Requests and bytes of both directions together. */
export type Amount = { readonly requests: number; readonly bytes: number };

const KINDS = ["requests", "bytes"] as const;
const MEBI = 1024 * 1024;

/**
 * What one quota has used, and how much of it is set aside in the run's lines.
 * 1. `used` never passes `limit`. 2. What `used` covers beyond `reserved` may not leave before it is reserved.
 */
export class Meter {
  readonly name: string;
  readonly limit: Amount;
  #used: Amount;
  #reserved: Amount;

  /** `reserved` is what was set aside before this process: it counts as used. A limit of Infinity is none. */
  constructor(name: string, limit: Amount, reserved: Amount = { requests: 0, bytes: 0 }) {
    this.name = name;
    this.limit = limit;
    this.#used = reserved;
    this.#reserved = reserved;
  }

  get used(): Amount {
    return this.#used;
  }

  get left(): Amount {
    return {
      requests: Math.max(0, this.limit.requests - this.#used.requests),
      bytes: Math.max(0, this.limit.bytes - this.#used.bytes),
    };
  }

  /** The caller has seen that this much is left. */
  take(amount: Amount): void {
    this.#used = plus(this.#used, amount);
  }

  get isCovered(): boolean {
    return this.covers(this.#used);
  }

  covers(used: Amount): boolean {
    return KINDS.every((kind) => this.limit[kind] === Infinity || used[kind] <= this.#reserved[kind]);
  }

  /** True when more should be set aside soon, so that nothing has to wait for it. */
  get isLow(): boolean {
    const block = this.#block();
    return KINDS.some(
      (kind) =>
        this.limit[kind] !== Infinity &&
        this.#reserved[kind] < this.limit[kind] &&
        this.#reserved[kind] - this.#used[kind] < block[kind] / 2,
    );
  }

  /** True when more is set aside than was used. */
  get isAhead(): boolean {
    return KINDS.some((kind) => this.#reserved[kind] > this.#used[kind]);
  }

  /** What to write down next: a block ahead of what is used, or without one exactly that. */
  nextReserve(ahead: boolean): Amount {
    const block = ahead ? this.#block() : { requests: 0, bytes: 0 };
    const { requests, bytes } = plus(this.#used, block);
    return { requests: Math.min(requests, this.limit.requests), bytes: Math.min(bytes, this.limit.bytes) };
  }

  /** While it is written, only the smaller of the old and the new amount may be used. */
  beginReserve(next: Amount): void {
    this.#reserved = {
      requests: Math.min(this.#reserved.requests, next.requests),
      bytes: Math.min(this.#reserved.bytes, next.bytes),
    };
  }

  endReserve(next: Amount): void {
    this.#reserved = next;
  }

  /** A sixteenth of the quota and at most 1 MiB; an eighth of what was used so far where that is more. */
  #block(): Amount {
    const bytes = Math.max(MEBI, Math.floor(this.#used.bytes / 8));
    return {
      requests: Math.max(1, Math.min(64, Math.floor(this.limit.requests / 16))),
      bytes: Math.max(1, Math.min(bytes, 16 * MEBI, Math.floor(this.limit.bytes / 16))),
    };
  }
}

function plus(a: Amount, b: Amount): Amount {
  return { requests: a.requests + b.requests, bytes: a.bytes + b.bytes };
}
