import { canonicalJson } from "#canon/canonical-json.ts";
import type { Sha256 } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { RunKey } from "#port/run-store.ts";
import { runCodes } from "#run/codes.ts";
import type { LedgerEvent } from "#run/event.ts";
import { checkEvent, genesisHead, headOf, type ChainHead } from "#run/ledger-chain.ts";
import { storedEvent } from "./event-document.ts";
import type { MongoPlace } from "./mongo-place.ts";
import type { Origin, RunOrigins } from "./run-origins.ts";
import type { RunTurns } from "./run-turns.ts";

/** Runs whose last place is remembered. */
const REMEMBERED = 1000;
/** Bytes that are given out at once. */
const RAW_SIZE = 256 * 1024;

/**
 * Reads ledgers up to the head that the last turn names. Whoever follows one reads each event once: the place up to which
 * the chain was checked is remembered.
 */
export class LedgerReader {
  readonly #place: MongoPlace;
  readonly #origins: RunOrigins;
  readonly #turns: RunTurns;
  readonly #sha256: Sha256;
  readonly #heads = new Map<string, ChainHead>();

  constructor(place: MongoPlace, origins: RunOrigins, turns: RunTurns, sha256: Sha256) {
    this.#place = place;
    this.#origins = origins;
    this.#turns = turns;
    this.#sha256 = sha256;
  }

  /** Checked events with a sequence above `after`. Throws `StoreError`. */
  async *read(key: RunKey, after: number): AsyncGenerator<LedgerEvent> {
    const { origin, end } = await this.#known(key);
    const place = this.#heads.get(key.runId);
    let head = place !== undefined && place.sequence <= after ? place : genesisHead(origin.identity, this.#sha256);
    for await (const stored of this.stored(origin, head.sequence, end)) {
      const event = orThrow(checkEvent(stored, head, this.#sha256));
      head = headOf(event);
      if (event.sequence > after) {
        yield event;
      }
      this.#remember(key, head);
    }
    if (head.sequence < end) {
      orThrow(fail(faultOf(runCodes, "LEDGER_BROKEN", { problem: `event ${head.sequence + 1} is not there` })));
    }
  }

  /** Lines as they would stand in a file, unchecked. */
  async *readRaw(key: RunKey): AsyncGenerator<Uint8Array> {
    const { origin, end } = await this.#known(key);
    let text = "";
    for await (const stored of this.stored(origin, 0, end)) {
      text += `${canonicalJson(stored)}\n`;
      if (text.length > RAW_SIZE) {
        yield encodeUtf8(text);
        text = "";
      }
    }
    if (text !== "") {
      yield encodeUtf8(text);
    }
  }

  /** What the documents say the events above `after` and up to `end` are. Throws `StoreError`. */
  async *stored({ identity: { runId }, first }: Origin, after: number, end: number): AsyncGenerator {
    let next = after + 1;
    try {
      const found = this.#place
        .collection("logs")
        .find({ runId, sequence: { $gt: after, $lte: end } })
        .sort({ sequence: 1 });
      for await (const document of found) {
        for (; next <= first.length && next < Number(document["sequence"]); next += 1) {
          yield JSON.parse(first[next - 1] ?? "") as unknown;
        }
        yield storedEvent(document);
        next += 1;
      }
    } catch (error) {
      throw new StoreError(this.#place.faultOf(error));
    }
    // A creation that was cut off has only its turn: the events that it names are as good.
    for (; next <= Math.min(first.length, end); next += 1) {
      yield JSON.parse(first[next - 1] ?? "") as unknown;
    }
  }

  async #known(key: RunKey): Promise<{ readonly origin: Origin; readonly end: number }> {
    return this.#place.use(async () => {
      const origin = orThrow(await this.#origins.of(key));
      return { origin, end: (await this.#turns.last(key))?.sequence ?? 0 };
    });
  }

  #remember(key: RunKey, head: ChainHead): void {
    this.#heads.delete(key.runId);
    this.#heads.set(key.runId, head);
    const [oldest] = this.#heads.keys();
    if (this.#heads.size > REMEMBERED && oldest !== undefined) {
      this.#heads.delete(oldest);
    }
  }
}

function orThrow<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new StoreError(result.fault);
  }
  return result.value;
}
