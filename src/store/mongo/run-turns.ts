import { isDigest, type Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Head, Lease, RunKey } from "#port/run-store.ts";
import { change, inserted, type MongoPlace, type Stored } from "./mongo-place.ts";

/** The state of a run behind one of its turns. */
export type Turn = Head & {
  readonly turn: number;
  readonly fence: number;
  /** Of the lease; empty when nobody has it. */
  readonly owner: string;
  /** The turn whose document says until when the lease lasts. */
  readonly leaseTurn: number;
};

/**
 * The turns of runs: who may write, and up to where the ledger goes.
 *
 * Every change to a run (its creation, the acquisition or the return of its lease, every append) is one document in
 * `pack_run_turns` with the id `<run>/<number>`. A turn names the whole state behind it: the fence and owner of the lease, and the
 * head of the ledger.
 * 1. A turn is made only by one who knows the turn before it, and ids are unique: of all who want to make the next turn
 *    one succeeds, and the others look again. So turns are a total order of all that happened to the run, and one
 *    insertion is the moment at which it happens. Nothing rests on an update that compares and sets, which not every
 *    server that speaks the protocol does in one step.
 * 2. An append writes its events first, each marked with the number of the turn that is to count them, and then makes
 *    that turn. An event counts when its sequence is not above the head of the last turn; so of a batch all
 *    events count or none, and none that was written under a fence that was replaced meanwhile: the acquisition
 *    took the turn that the append would have needed.
 * 3. What is left of appends that came to nothing has a mark not above the last turn and a sequence above its head: no
 *    turn can count it any more. Only this is ever removed, so a removal that reaches the server late harms nothing.
 * 4. The only document that is ever changed is that of a lease, by its own holder, who writes a later end into it. That
 *    counts only when it was done before the old end; later, the holder has to make a turn as anybody else.
 */
export class RunTurns {
  readonly #place: MongoPlace;

  constructor(place: MongoPlace) {
    this.#place = place;
  }

  /** Undefined when there is no such run of this tenant. */
  async last(key: RunKey): Promise<Turn | undefined> {
    const [found] = await this.#place
      .collection("turns")
      .find({ runId: key.runId, tenantId: key.tenantId })
      .sort({ turn: -1 })
      .limit(1)
      .toArray();
    return found === undefined ? undefined : turnOf(found);
  }

  /** False when there is a turn of this number already. */
  async make(key: RunKey, turn: Turn, more: Readonly<Record<string, unknown>> = {}): Promise<boolean> {
    return inserted(this.#place.collection("turns"), {
      _id: turnId(key, turn.turn),
      runId: key.runId,
      tenantId: key.tenantId,
      ...more,
      ...turn,
    });
  }

  /** Until when the lease of this turn lasts, in milliseconds since 1970. */
  async until(key: RunKey, { leaseTurn }: Turn): Promise<number> {
    const found = await this.#place.collection("turns").findOne({ _id: turnId(key, leaseTurn) });
    return Number(found?.["until"] ?? 0);
  }

  async prolong(key: RunKey, { leaseTurn }: Turn, until: number): Promise<void> {
    await this.#place.collection("turns").updateOne({ _id: turnId(key, leaseTurn) }, change({ until }));
  }

  /** Removes events that no turn counts or ever will. */
  async clear(key: RunKey, last: Turn): Promise<void> {
    await this.#place
      .collection("logs")
      .deleteMany({ runId: key.runId, sequence: { $gt: last.sequence }, turn: { $lte: last.turn } });
  }
}

export function turnId({ runId }: RunKey, turn: number): string {
  return `${runId}/${turn}`;
}

export function isUnder(turn: Turn, lease: Lease): boolean {
  return lease.owner !== "" && turn.owner === lease.owner && turn.fence === lease.fence;
}

/** Throws a `StoreError` with STORE_CORRUPT. */
function turnOf(found: Stored): Turn {
  const { turn, fence, owner, leaseTurn, sequence, hash } = found;
  if (!isDigest(hash) || typeof owner !== "string") {
    throw new StoreError(faultOf(storeCodes, "STORE_CORRUPT", { file: `turn ${found._id}`, problem: "it is no turn" }));
  }
  return {
    turn: count(turn, found._id),
    fence: count(fence, found._id),
    owner,
    leaseTurn: count(leaseTurn, found._id),
    sequence: count(sequence, found._id),
    hash: hash satisfies Digest,
  };
}

function count(value: unknown, id: string): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new StoreError(faultOf(storeCodes, "STORE_CORRUPT", { file: `turn ${id}`, problem: "it is no turn" }));
  }
  return value;
}
