import { randomBytes } from "node:crypto";
import { canonicalJson } from "#canon/canonical-json.ts";
import type { Sha256 } from "#canon/digest.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { Head, Lease, LedgerStore, RunIdentity, RunKey } from "#port/run-store.ts";
import { headBehind } from "#run/batch-head.ts";
import type { LedgerEvent } from "#run/event.ts";
import { eventBytes, genesisHead } from "#run/ledger-chain.ts";
import { isRunFilePath } from "#run/run-file.ts";
import type { Turns } from "#store/process/turns.ts";
import { eventDocument } from "./event-document.ts";
import type { HeldRuns } from "./held-runs.ts";
import type { LedgerReader } from "./ledger-reader.ts";
import { insertedAll, type MongoPlace } from "./mongo-place.ts";
import type { ChangeWatch } from "#store/process/change-watch.ts";
import type { RunFiles } from "./run-files.ts";
import type { Origin, RunOrigins } from "./run-origins.ts";
import type { RunProjections } from "./run-projections.ts";
import { isUnder, type RunTurns, type Turn } from "./run-turns.ts";

export type LedgerGround = {
  readonly place: MongoPlace;
  readonly turns: RunTurns;
  readonly origins: RunOrigins;
  readonly reader: LedgerReader;
  readonly files: RunFiles;
  readonly held: HeldRuns;
  readonly projections: RunProjections;
  readonly watch: ChangeWatch;
  readonly queue: Turns;
  readonly sha256: Sha256;
};

/** What is left of others' appends may have to be cleared a few times: each process has at most one on its way. */
const TRIES = 8;

/** Ledgers as documents: `RunTurns` says why a batch counts as a whole or not at all, and only under the current lease. */
export class MongoLedger {
  readonly #ground: LedgerGround;

  constructor(ground: LedgerGround) {
    this.#ground = ground;
  }

  port(): LedgerStore {
    const { place, origins, reader, files, watch } = this.#ground;
    const onRun = <T>(key: RunKey, work: (origin: Origin) => Promise<Result<T>>): Promise<Result<T>> =>
      place.attempt(async () => {
        const origin = await origins.of(key);
        return origin.ok ? work(origin.value) : origin;
      });
    return {
      create: (run, given, events) => this.#create(run, given, events),
      identity: (key) => onRun(key, async ({ identity }) => ok(identity)),
      append: async (key, lease, head, events) =>
        this.#ground.queue.take(key.runId, async () =>
          onRun(key, async (origin) => this.#append(origin, lease, head, events)),
        ),
      read: (key, after = 0) => reader.read(key, after),
      readRaw: (key) => reader.readRaw(key),
      putFile: (key, path, bytes) => onRun(key, async (origin) => files.put(origin, path, bytes)),
      getFile: (key, path) => onRun(key, async (origin) => files.get(origin, path)),
      fileMark: (key, path) => onRun(key, async (origin) => files.mark(origin, path)),
      changed: (key, after, milliseconds) => watch.changed(key, after, milliseconds),
    };
  }

  /** Files first, under a name of this creation alone; then turn 0, which makes the run; then its events' own documents. */
  async #create(
    identity: RunIdentity,
    given: ReadonlyMap<string, Uint8Array>,
    events: readonly LedgerEvent[],
  ): Promise<Result<void>> {
    const { place, files, turns, origins, projections, watch, sha256 } = this.#ground;
    const wrong = [...given.keys()].find((path) => !isRunFilePath(path));
    if (wrong !== undefined) {
      return fail(faultOf(storeCodes, "FILE_PATH", { path: wrong }));
    }
    const { sequence, hash } = headBehind(genesisHead(identity, sha256), events);
    const first = events.map(lineOf);
    const { runId, tenantId, trustDomain, planHash } = identity;
    const birth = randomBytes(6).toString("hex");
    return place.attempt(async () => {
      const there = await origins.of(identity);
      if (there.ok) {
        return this.#sameRun(there.value, identity, events);
      }
      for (const [path, bytes] of given) {
        await files.put({ identity, birth }, path, bytes);
      }
      const turn = { turn: 0, fence: 0, owner: "", leaseTurn: 0, sequence, hash };
      if (!(await turns.make({ runId, tenantId }, turn, { trustDomain, planHash, birth, first }))) {
        const other = await origins.of(identity);
        return other.ok
          ? this.#sameRun(other.value, identity, events)
          : fail(faultOf(storeCodes, "RUN_EXISTS", { runId }));
      }
      await this.#insert(identity, events, 0);
      await projections.created(identity, given, events[0]?.timestamp ?? "");
      watch.poke(identity);
      return ok(undefined);
    });
  }

  /** Whether the run that is there is this one, created by an earlier try, which may have been cut off. */
  async #sameRun(origin: Origin, given: RunIdentity, events: readonly LedgerEvent[]): Promise<Result<void>> {
    const { planHash, trustDomain } = origin.identity;
    const same =
      planHash === given.planHash && trustDomain === given.trustDomain && (await this.#stand(origin, 0, events));
    return same ? ok(undefined) : fail(faultOf(storeCodes, "RUN_EXISTS", { runId: given.runId }));
  }

  async #append(origin: Origin, lease: Lease, head: Head, events: readonly LedgerEvent[]): Promise<Result<void>> {
    const { turns, held, projections, watch } = this.#ground;
    const { identity: key } = origin;
    const lost = fail(faultOf(storeCodes, "LEASE_LOST", { runId: key.runId }));
    const end = headBehind(head, events);
    let last = held.known(key, lease);
    for (let tries = 0; tries < TRIES; tries += 1) {
      const isFresh = last === undefined;
      last ??= await turns.last(key);
      if (last === undefined || !isUnder(last, lease)) {
        return lost;
      }
      if (head.sequence !== last.sequence || head.hash !== last.hash) {
        if (isFresh) {
          return (await this.#stand(origin, head.sequence, events, last)) ? ok(undefined) : lost;
        }
        last = undefined;
        continue;
      }
      if (events.length === 0) {
        return ok(undefined);
      }
      const next = { ...last, turn: last.turn + 1, sequence: end.sequence, hash: end.hash };
      if (!(await this.#insert(key, events, next.turn))) {
        last = await this.#cleared(key, last);
        continue;
      }
      if (await turns.make(key, next)) {
        held.note(key, next);
        watch.poke(key);
        await projections.appended(origin, events);
        return ok(undefined);
      }
      last = undefined;
      await this.#clear(key);
    }
    return lost;
  }

  async #insert(key: RunKey, events: readonly LedgerEvent[], turn: number): Promise<boolean> {
    const documents = events.map((event) => eventDocument(key, event, turn));
    return insertedAll(this.#ground.place.collection("logs"), documents);
  }

  /**
   * Something stands where the next events belong. A turn that changes nothing makes all that has been written for other
   * turns void, this process's own included, and it is removed. Undefined when another made that turn.
   */
  async #cleared(key: RunKey, last: Turn): Promise<Turn | undefined> {
    const { turns, held } = this.#ground;
    const next = { ...last, turn: last.turn + 1 };
    if (!(await turns.make(key, next))) {
      return undefined;
    }
    held.note(key, next);
    await turns.clear(key, next);
    return next;
  }

  async #clear(key: RunKey): Promise<void> {
    const last = await this.#ground.turns.last(key);
    if (last !== undefined) {
      await this.#ground.turns.clear(key, last);
    }
  }

  /** Whether exactly these events stand in the ledger behind the sequence `after`. */
  async #stand(origin: Origin, after: number, events: readonly LedgerEvent[], known?: Turn): Promise<boolean> {
    const last = known ?? (await this.#ground.turns.last(origin.identity));
    if (last === undefined || after + events.length > last.sequence) {
      return false;
    }
    let at = 0;
    for await (const stored of this.#ground.reader.stored(origin, after, after + events.length)) {
      const event = events[at];
      if (event === undefined || `${canonicalJson(stored)}\n` !== lineOf(event)) {
        return false;
      }
      at += 1;
    }
    return at === events.length;
  }
}

function lineOf(event: LedgerEvent): string {
  return decodeUtf8(eventBytes(event)) ?? "";
}
