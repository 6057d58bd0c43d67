import { hash } from "node:crypto";
import type { Sha256 } from "#canon/digest.ts";
import { ok, type Result } from "#fault/result.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Clock } from "#port/clock.ts";
import type { RequestStore } from "#port/request-store.ts";
import type { HolderLife, RunIdentity, RunStore } from "#port/run-store.ts";
import { lifeOf as lifeOfProcess, processOwner } from "#store/process/process-owner.ts";
import { Turns } from "#store/process/turns.ts";
import { HeldRuns } from "./held-runs.ts";
import { LedgerReader } from "./ledger-reader.ts";
import { lastPlace, mongoInbox } from "./mongo-inbox.ts";
import { mongoIndex } from "./mongo-index.ts";
import { MongoLedger } from "./mongo-ledger.ts";
import { mongoLines } from "./mongo-lines.ts";
import { mongoRedactionKeys } from "./mongo-redaction-keys.ts";
import { mongoArtifactStore } from "./mongo-artifact-store.ts";
import { MongoPlace, type MongoAddress } from "./mongo-place.ts";
import { mongoRequestStore } from "./mongo-request-store.ts";
import { ChangeWatch } from "#store/process/change-watch.ts";
import { RunFiles } from "./run-files.ts";
import { RunOrigins } from "./run-origins.ts";
import { RunProjections } from "./run-projections.ts";
import { RunTurns } from "./run-turns.ts";

/** How often other processes' doings are looked for, in milliseconds. */
const POLL_MS = 200;
const sha256: Sha256 = (bytes) => hash("sha256", bytes, "buffer");

/** All stores in one database; those of artifacts and requests can be used until the run store is closed. Fault: STORE_UNAVAILABLE for an address that is none. */
export function openMongoStores(
  address: MongoAddress,
  options: MongoStoreOptions,
): Result<{ readonly store: RunStore; readonly artifacts: ArtifactStore; readonly requests: RequestStore }> {
  const opened = MongoPlace.at(address);
  if (!opened.ok) {
    return opened;
  }
  const place = opened.value;
  const store = mongoRunStore(place, options);
  const close = async (): Promise<void> => {
    await store.close();
    await place.close();
  };
  return ok({
    store: { ...store, close },
    artifacts: mongoArtifactStore(place, options.clock),
    requests: mongoRequestStore(place, options.clock),
  });
}

export type MongoStoreOptions = {
  readonly clock: Clock;
  /** The name that leases bear; by default this process, so that its death is seen at once on its own host. */
  readonly owner?: string;
  /** What became of an owner; by default of the process that it names. */
  readonly lifeOf?: (owner: string) => HolderLife;
};

/**
 * Runs in a database, for processes of many hosts, whose clocks should agree to a few seconds: leases are judged by them where a
 * holder cannot be seen. Closing it gives its leases back; the place is closed by whoever made it.
 */
function mongoRunStore(
  place: MongoPlace,
  { clock, owner = processOwner(), lifeOf = lifeOfProcess }: MongoStoreOptions,
): RunStore {
  const queue = new Turns();
  const turns = new RunTurns(place);
  const origins = new RunOrigins(place);
  const files = new RunFiles(place);
  const projections = new RunProjections(place, files);
  const reader = new LedgerReader(place, origins, turns, sha256);
  const held = new HeldRuns({ place, turns, projections, clock, owner, lifeOf, queue });
  const ask = async (work: () => Promise<number>): Promise<number> => {
    const asked = await place.attempt(async () => ok(await work()));
    return asked.ok ? asked.value : 0;
  };
  const watch = new ChangeWatch({
    clock,
    pollMs: POLL_MS,
    sequenceOf: async (key) => ask(async () => (await turns.last(key))?.sequence ?? 0),
    placeOf: async (key) => ask(async () => lastPlace(place, key)),
  });
  const ledger = new MongoLedger({ place, turns, origins, reader, files, held, projections, watch, queue, sha256 });
  const runs = async (): Promise<readonly Result<RunIdentity>[]> =>
    (await origins.all()).map((origin) => (origin.ok ? ok(origin.value.identity) : origin));
  const project = async (run: RunIdentity): Promise<Result<void>> =>
    place.attempt(async () => {
      const origin = await origins.of(run);
      return origin.ok ? ok(await projections.again(origin.value, reader.read(run, 0))) : origin;
    });
  return {
    ledger: ledger.port(),
    leases: held.port(),
    inbox: mongoInbox({ place, origins, watch }),
    index: mongoIndex({ place, runs, project }),
    lines: mongoLines({ place, origins, queue }),
    redactionKeys: mongoRedactionKeys(place, origins),
    close: async () => {
      watch.close();
      await held.releaseAll();
    },
  };
}
