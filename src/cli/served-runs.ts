import { chooseRun, LOOKED_AT } from "#app/run-reference.ts";
import { parseRunId, type RunId } from "#canon/ids.ts";
import type { ApiClient, ListQuery } from "#client/api-client.ts";
import { ok, type Result } from "#fault/result.ts";
import type { ListedRow } from "./run-desk.ts";

/** The most that a page of the server's list holds. */
const PAGE = 500;
const NO_RUNS = "the server has no runs of this token's tenant; make one with `packrun run PACK`";

/** Runs of the token's tenant, the newest first: all of them unless there is a limit. Faults: those of the server. */
export async function listServed(
  client: ApiClient,
  { limit = Number.POSITIVE_INFINITY, ...query }: Partial<ListQuery>,
): Promise<Result<readonly ListedRow[]>> {
  const rows: ListedRow[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listRuns({ ...query, limit: Math.min(PAGE, limit - rows.length), cursor });
    if (!page.ok) {
      return page;
    }
    // Ids become parts of addresses: what is none is no run.
    for (const item of page.value.items) {
      const runId = parseRunId(item.runId);
      if (runId !== undefined) {
        rows.push({ ...item, runId });
      }
    }
    cursor = page.value.next;
  } while (cursor !== undefined && rows.length < limit);
  return ok(rows);
}

/** The run that is named, among the newest ones of the token's tenant. Faults: RUN_REFERENCE, those of the server. */
export async function findServed(client: ApiClient, text: string): Promise<Result<RunId>> {
  const runId = parseRunId(text);
  if (runId !== undefined) {
    return ok(runId);
  }
  const rows = await listServed(client, { limit: text === "last" ? 1 : LOOKED_AT });
  return rows.ok ? chooseRun(text, rows.value, NO_RUNS) : rows;
}
