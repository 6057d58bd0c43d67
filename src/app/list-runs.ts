import type { RunKey, RunQuery, RunRow } from "#port/run-store.ts";
import type { Workplace } from "./workplace.ts";

/** A run of the index; of one that has begun and not ended, `driven` says whether a process is at work on it. */
export type ListedRun = RunRow & { readonly driven?: boolean };

/** Runs of this tenant, the newest first. A run's row is written when it waits or ends: until then its lease speaks. */
export async function listRuns({ settings, store }: Workplace, query: RunQuery): Promise<readonly ListedRun[]> {
  const rows = await store.index.list(settings.tenantId, query);
  return Promise.all(
    rows.map(async (row) =>
      row.status === "pending" || row.status === "running" ? asDriven(row, await isDriven(row, { store })) : row,
    ),
  );
}

/** A run that was left to a service is pending until one begins it. */
function asDriven(row: RunRow, driven: boolean): ListedRun {
  return row.status === "pending" && row.queue !== undefined && !driven
    ? row
    : { ...row, status: "running" as const, driven };
}

/** Whether a process holds the run's lease, as far as that can be seen from here. */
export async function isDriven(key: RunKey, { store }: Pick<Workplace, "store">): Promise<boolean> {
  const lease = await store.leases.current({ tenantId: key.tenantId, runId: key.runId });
  return lease !== undefined && lease.life.state !== "dead";
}
