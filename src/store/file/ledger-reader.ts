import { open } from "node:fs/promises";
import type { Sha256 } from "#canon/digest.ts";
import type { Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { RunIdentity, RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { genesisHead, headOf, readLedgerLine, type ChainHead } from "#run/ledger-chain.ts";
import { wholeLines } from "./ledger-lines.ts";
import { mediumFault } from "#fault/medium-fault.ts";

/** A checked place in a ledger: the head there, and how many bytes of which file stand before it. */
type Place = { readonly head: ChainHead; readonly offset: number; readonly file: string };
type Count = { readonly sequence: number; readonly offset: number; readonly file: string };

/** Runs whose last place is remembered. */
const REMEMBERED = 1000;
const LEASE_ACQUIRED = Buffer.from('"eventType":"lease.acquired"');

/**
 * Reads ledgers. Whoever follows one reads each event once: the place up to which the chain was checked is remembered.
 * All but `sequenceOf` throw `StoreError`.
 */
export class LedgerReader {
  readonly #pathOf: (key: RunKey) => string;
  readonly #identity: (key: RunKey) => Promise<Result<RunIdentity>>;
  readonly #sha256: Sha256;
  readonly #places = new Map<string, Place>();
  readonly #counts = new Map<string, Count>();

  constructor(
    pathOf: (key: RunKey) => string,
    identity: (key: RunKey) => Promise<Result<RunIdentity>>,
    sha256: Sha256,
  ) {
    this.#pathOf = pathOf;
    this.#identity = identity;
    this.#sha256 = sha256;
  }

  /** Checked events with a sequence above `after`. */
  async *read(key: RunKey, after: number): AsyncGenerator<LedgerEvent> {
    const genesis = genesisHead(await this.#known(key), this.#sha256);
    try {
      await using file = await open(this.#pathOf(key), "r");
      const { size, name } = await identify(file);
      const place = this.#places.get(key.runId);
      const usable = place?.file === name && place.offset <= size && place.head.sequence <= after;
      let head = usable ? place.head : genesis;
      for await (const batch of wholeLines(file, usable ? place.offset : 0)) {
        for (const line of batch.lines) {
          const read = readLedgerLine(line, head, this.#sha256);
          if (!read.ok) {
            throw new StoreError(read.fault);
          }
          head = headOf(read.value);
          if (head.sequence > after) {
            yield read.value;
          }
        }
        remember(this.#places, key, { head, offset: batch.end, file: name });
      }
    } catch (error) {
      throw new StoreError(mediumFault(error));
    }
  }

  /** The bytes of all whole lines, unchecked. */
  async *readRaw(key: RunKey): AsyncGenerator<Uint8Array> {
    await this.#known(key);
    try {
      await using file = await open(this.#pathOf(key), "r");
      for await (const { lines } of wholeLines(file, 0)) {
        yield Buffer.concat(lines);
      }
    } catch (error) {
      throw new StoreError(mediumFault(error));
    }
  }

  /** How many whole lines there are; 0 when the ledger cannot be read. */
  async sequenceOf(key: RunKey): Promise<number> {
    try {
      await using file = await open(this.#pathOf(key), "r");
      const { size, name } = await identify(file);
      const known = this.#counts.get(key.runId);
      let { sequence, offset } = known?.file === name && known.offset <= size ? known : { sequence: 0, offset: 0 };
      for await (const batch of wholeLines(file, offset)) {
        sequence += batch.lines.length;
        offset = batch.end;
      }
      remember(this.#counts, key, { sequence, offset, file: name });
      return sequence;
    } catch (error) {
      mediumFault(error);
      return 0;
    }
  }

  /** The highest fence that a `lease.acquired` names, 0 without one. */
  async lastFence(key: RunKey): Promise<number> {
    let last = 0;
    for await (const chunk of this.readRaw(key)) {
      const lines = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      for (let at = lines.indexOf(LEASE_ACQUIRED); at !== -1; at = lines.indexOf(LEASE_ACQUIRED, at + 1)) {
        const fence = /"metadata":\{"fence":(\d+),/.exec(lines.toString("utf8", at, lines.indexOf("\n", at)));
        last = Math.max(last, Number(fence?.[1] ?? 0));
      }
    }
    return last;
  }

  async #known(key: RunKey): Promise<RunIdentity> {
    const identity = await this.#identity(key);
    if (!identity.ok) {
      throw new StoreError(identity.fault);
    }
    return identity.value;
  }
}

type Identified = { readonly size: number; readonly name: string };

async function identify(file: {
  stat: () => Promise<{ dev: number; ino: number; size: number }>;
}): Promise<Identified> {
  const { dev, ino, size } = await file.stat();
  return { size, name: `${dev}:${ino}` };
}

function remember<T>(places: Map<string, T>, key: RunKey, place: T): void {
  places.delete(key.runId);
  places.set(key.runId, place);
  const [oldest] = places.keys();
  if (places.size > REMEMBERED && oldest !== undefined) {
    places.delete(oldest);
  }
}
