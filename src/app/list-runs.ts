import type { RunKey, RunQuery, RunRow } from "#port/run-store.ts";
import type { RunStatus } from "#run/status.ts";
import { QUEUE_FILE } from "./run-row.ts";
import type { Workplace } from "./workplace.ts";

/** A run of the index; of one that has begun and not ended, `driven` says whether a process is at work on it. */
export type ListedRun = RunRow & { readonly driven?: boolean };

/** `next`: behind which run the list goes on; absent at its end. A page may hold fewer runs than were asked for, even none. */
export type RunPage = { readonly runs: readonly ListedRun[]; readonly next?: NonNullable<RunQuery["after"]> };

/** Rows that are looked at for one page: what a status leaves out of a long queue is left to the next page. */
const MOST_ROWS = 1000;
/** Fewest rows that are read at a time where some of them may be left out. */
const FEWEST_ROWS = 100;

/** Runs of this tenant, the newest first. A run's row is written when it waits or ends: until then its lease speaks. */
export async function listRuns(
  { settings, store }: Workplace,
  query: Omit<RunQuery, "status">,
): Promise<readonly ListedRun[]> {
  return asShown(await store.index.list(settings.tenantId, query), { store });
}

/** The same page by page, and only those that are shown with the status that is asked for, if any is. */
export async function pageOfRuns(workplace: Workplace, query: RunQuery): Promise<RunPage> {
  const { limit, status } = query;
  const size = status === undefined ? limit + 1 : Math.max(FEWEST_ROWS, limit + 1);
  const runs: ListedRun[] = [];
  let after = query.after;
  let looked = 0;
  while (runs.length <= limit && looked < MOST_ROWS) {
    const rows = await candidates(workplace, { ...query, limit: size, ...(after === undefined ? {} : { after }) });
    const shown = await asShown(rows, workplace);
    runs.push(...shown.filter((run) => status === undefined || run.status === status));
    looked += rows.length;
    const oldest = rows.at(-1);
    if (oldest === undefined || rows.length < size) {
      after = undefined;
      break;
    }
    after = placeOf(oldest);
  }
  const page = runs.slice(0, limit);
  const last = runs.length > limit ? page.at(-1) : undefined;
  const next = last === undefined ? after : placeOf(last);
  return next === undefined ? { runs: page } : { runs: page, next };
}

/** Rows of which some may be shown with this status: what its row has as pending may have begun since. */
async function candidates({ settings, store }: Workplace, query: RunQuery): Promise<readonly RunRow[]> {
  const rowsOf = async (status: RunStatus | undefined): Promise<readonly RunRow[]> =>
    store.index.list(settings.tenantId, { ...query, ...(status === undefined ? {} : { status }) });
  if (query.status !== "running") {
    return rowsOf(query.status);
  }
  // The two are not read at one moment: a run that begins between them may stand in both.
  const [pending, running] = [await rowsOf("pending"), await rowsOf("running")];
  const byId = new Map([...pending, ...running].map((row) => [row.runId, row]));
  return [...byId.values()].sort(newestFirst).slice(0, query.limit);
}

const placeOf = ({ createdAt, runId }: RunRow): NonNullable<RunQuery["after"]> => ({ createdAt, runId });

function newestFirst(a: RunRow, b: RunRow): number {
  const [first, second] = a.createdAt === b.createdAt ? [a.runId, b.runId] : [a.createdAt, b.createdAt];
  return first < second ? 1 : first > second ? -1 : 0;
}

async function asShown(rows: readonly RunRow[], ports: Pick<Workplace, "store">): Promise<readonly ListedRun[]> {
  return Promise.all(
    rows.map(async (row) =>
      row.status === "pending" || row.status === "running" ? asDriven(row, await isDriven(row, ports)) : row,
    ),
  );
}

/** A run that was left to a service is pending until one begins it. */
function asDriven(row: RunRow, driven: boolean): ListedRun {
  return row.status === "pending" && row.queue !== undefined && !driven
    ? row
    : { ...row, status: "running" as const, driven };
}

/** Whether a run that is under way has nobody who goes on with it: no process drives it, and no service was asked to begin it. */
export async function isLeft(key: RunKey, status: string, ports: Pick<Workplace, "store">): Promise<boolean> {
  if ((status !== "running" && status !== "pending") || (await isDriven(key, ports))) {
    return false;
  }
  return status === "running" || !(await ports.store.ledger.getFile(key, QUEUE_FILE)).ok;
}

/** Whether a process holds the run's lease, as far as that can be seen from here. */
export async function isDriven(key: RunKey, { store }: Pick<Workplace, "store">): Promise<boolean> {
  const lease = await store.leases.current({ tenantId: key.tenantId, runId: key.runId });
  return lease !== undefined && lease.life.state !== "dead";
}
