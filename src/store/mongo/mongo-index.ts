import type { Filter } from "mongodb";
import type { Fault } from "#fault/fault.ts";
import { faultOfRun } from "#fault/fault-of-run.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Reindexed, RunIdentity, RunIndex, RunQuery, RunRow } from "#port/run-store.ts";
import { isTerminal, type RunStatus } from "#run/status.ts";
import { change, inserted, type MongoPlace, type Stored } from "./mongo-place.ts";

const STATUSES: readonly RunStatus[] = ["pending", "running", "waiting", "succeeded", "failed", "cancelled"];

export type IndexGround = {
  readonly place: MongoPlace;
  readonly runs: () => Promise<readonly Result<RunIdentity>[]>;
  /** Writes everything else that is said again of a run. */
  readonly project: (run: RunIdentity) => Promise<Result<void>>;
};

/** The run index: the member `row` of the documents in `pack_runs`, beside the members that order and choose it. */
export function mongoIndex({ place, runs, project }: IndexGround): RunIndex {
  return {
    put: async (row) => place.attempt(async () => ok(await write(place, row))),
    list: async (tenantId, query) =>
      place.use(async () =>
        query.limit <= 0
          ? []
          : (
              await place
                .collection("runs")
                .find({ tenantId, row: { $exists: true }, ...filterOf(query) })
                .sort({ createdAt: -1, _id: -1 })
                .limit(query.limit)
                .toArray()
            ).map(rowIn),
      ),
    unfinished: async () =>
      place.use(async () => {
        const status = { $in: STATUSES.filter((each) => !isTerminal(each)) };
        const found = place.collection("runs").find({ status, row: { $exists: true } });
        return (await found.sort({ createdAt: 1, _id: 1 }).toArray()).map(rowIn);
      }),
    changedSince: async (updatedAt) =>
      place.use(async () => {
        const found = place.collection("runs").find({ updatedAt: { $gte: updatedAt }, row: { $exists: true } });
        return (await found.toArray()).map(rowIn);
      }),
    reindex: async (rowOf) => place.attempt(async () => ok(await rebuild({ place, runs, project }, rowOf))),
  };
}

function filterOf({ after, status, packName }: RunQuery): Filter<Stored> {
  const { createdAt, runId } = after ?? {};
  return {
    ...(status === undefined ? {} : { status }),
    ...(packName === undefined ? {} : { packName }),
    ...(createdAt === undefined || runId === undefined
      ? {}
      : { $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: runId } }] }),
  };
}

function rowIn({ row }: Stored): RunRow {
  return JSON.parse(String(row)) as RunRow;
}

/** A row made from an older state of the run never replaces a newer one. */
async function write(place: MongoPlace, row: RunRow): Promise<void> {
  const { runId, tenantId, trustDomain, planHash, packName, packVersion, status, reason } = row;
  const { requestedBy, createdAt, updatedAt } = row;
  const collection = place.collection("runs");
  const content = {
    tenantId,
    trustDomain,
    planHash,
    packName,
    packVersion,
    status,
    requestedBy,
    createdAt,
    updatedAt,
    row: JSON.stringify(row),
  };
  const update = reason === undefined ? change(content, ["reason"]) : change({ ...content, reason });
  const older = { $or: [{ row: { $exists: false } }, { updatedAt: { $lte: updatedAt } }] };
  const { matchedCount } = await collection.updateOne({ _id: runId, ...older }, update);
  if (matchedCount === 0) {
    // Where it is there already, it is newer.
    await inserted(collection, { _id: runId, ...content, ...(reason === undefined ? {} : { reason }) });
  }
}

/** Writes the row of every run that can be read, and removes rows without a run. */
async function rebuild(
  { place, runs, project }: IndexGround,
  rowOf: (run: RunIdentity) => Promise<Result<RunRow>>,
): Promise<Reindexed> {
  const collection = place.collection("runs");
  const before = await linesOf(place);
  const rows: RunRow[] = [];
  const kept = new Set<string>();
  const unread: Fault[] = [];
  for (const run of await runs()) {
    if (!run.ok) {
      unread.push(run.fault);
      continue;
    }
    const { runId } = run.value;
    const row = await rowOf(run.value);
    const projected = await project(run.value);
    if (row.ok) {
      rows.push(row.value);
    } else {
      kept.add(runId);
    }
    const whole = row.ok ? projected : row;
    if (!whole.ok) {
      unread.push(faultOfRun(runId, whole.fault));
    }
  }
  const made = new Set(rows.map(({ runId }) => String(runId)));
  for (const [runId, line] of await linesOf(place)) {
    // What was put while the ledgers were read stays; everything else is made from them.
    if (kept.has(runId)) {
      continue;
    }
    if (!made.has(runId)) {
      await collection.deleteOne({ _id: runId });
    } else if (before.get(runId) === line) {
      await collection.updateOne({ _id: runId }, change({}, ["row"]));
    }
  }
  for (const row of rows) {
    await write(place, row);
  }
  return { runs: rows.length, unread };
}

async function linesOf(place: MongoPlace): Promise<ReadonlyMap<string, string>> {
  const found = await place
    .collection("runs")
    .find({}, { projection: { row: 1 } })
    .toArray();
  return new Map(found.map(({ _id, row }) => [_id, String(row)]));
}
