import type { Fault } from "#fault/fault.ts";
import { faultOfRun } from "#fault/fault-of-run.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { TenantId } from "#canon/ids.ts";
import type { Reindexed, RunIdentity, RunIndex, RunQuery, RunRow } from "#port/run-store.ts";
import type { StoredRun } from "./run-folders.ts";
import { UNFINISHED, type Connection } from "./state-database.ts";

export type IndexGround = {
  readonly use: <T>(work: (connection: Connection) => T) => T;
  readonly locked: <T>(work: (connection: Connection) => T) => T;
  readonly runs: () => Promise<readonly StoredRun[]>;
  /** The fault of an error that the work threw. */
  readonly faultOf: (error: unknown) => Fault;
};

/** The run index in the database; a row is kept as JSON beside the columns that order it. */
export function indexTable(ground: IndexGround): RunIndex {
  return {
    put: async (row) => attempt(ground, async () => ground.use((connection) => write(connection, row))),
    list: async (tenantId, query) => ground.use((connection) => select(connection, tenantId, query)).map(readLine),
    unfinished: async () =>
      ground
        .use((connection) => connection.rows(`SELECT line FROM runs WHERE ${UNFINISHED} ORDER BY created, run`))
        .map(readLine),
    changedSince: async (updatedAt) =>
      ground.use((connection) => connection.rows("SELECT line FROM runs WHERE updated >= ?", updatedAt)).map(readLine),
    reindex: async (rowOf) => attempt(ground, async () => rebuild(ground, rowOf)),
  };
}

/** `?2` is a moment behind every row where a page has no row before it. */
const PAGE = `SELECT line FROM runs WHERE tenant = ?1 AND (created, run) < (?2, ?3)
  AND (?4 = '' OR json_extract(line, '$.status') = ?4) AND (?5 = '' OR json_extract(line, '$.packName') = ?5)
  ORDER BY created DESC, run DESC LIMIT ?6`;
const END = { createdAt: "~", runId: "" };

function select(
  connection: Connection,
  tenantId: TenantId,
  { limit, after = END, status, packName }: RunQuery,
): ReturnType<Connection["rows"]> {
  return connection.rows(
    PAGE,
    tenantId,
    after.createdAt,
    after.runId,
    status ?? "",
    packName ?? "",
    Math.max(0, limit),
  );
}

function readLine(row: Readonly<Record<string, unknown>>): RunRow {
  return JSON.parse(String(row["line"])) as RunRow;
}

/** Writes the row of every run that can be read, and removes rows without a run. */
async function rebuild(ground: IndexGround, rowOf: (run: RunIdentity) => Promise<Result<RunRow>>): Promise<Reindexed> {
  const before = ground.use(linesOf);
  const rows: RunRow[] = [];
  const kept = new Set<string>();
  const unread: Fault[] = [];
  for (const { runId, identity } of await ground.runs()) {
    const row = identity.ok ? await rowOf(identity.value) : identity;
    if (row.ok) {
      rows.push(row.value);
    } else {
      kept.add(runId);
      unread.push(faultOfRun(runId, row.fault));
    }
  }
  const made = new Set(rows.map(({ runId }) => String(runId)));
  ground.locked((connection) => {
    for (const [run, line] of linesOf(connection)) {
      // What was put while the ledgers were read stays; everything else is made from them.
      if (!kept.has(run) && (!made.has(run) || before.get(run) === line)) {
        connection.run("DELETE FROM runs WHERE run = ?", run);
      }
    }
    rows.forEach((row) => write(connection, row));
  });
  return { runs: rows.length, unread };
}

function linesOf(connection: Connection): ReadonlyMap<string, string> {
  return new Map(connection.rows("SELECT run, line FROM runs").map((row) => [String(row["run"]), String(row["line"])]));
}

/** A row made from an older state of the run never replaces a newer one. */
function write(connection: Connection, row: RunRow): void {
  connection.run(
    `INSERT INTO runs (tenant, run, created, updated, line) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
       created = excluded.created, updated = excluded.updated, line = excluded.line WHERE excluded.updated >= updated`,
    row.tenantId,
    row.runId,
    row.createdAt,
    row.updatedAt,
    JSON.stringify(row),
  );
}

async function attempt<T>(ground: IndexGround, work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (error) {
    return fail(ground.faultOf(error));
  }
}
