import { parseRunId, type TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RunKey, RunStore } from "#port/run-store.ts";
import { appCodes } from "./codes.ts";

/** How many of the newest runs a short reference is looked up in. */
const LOOKED_AT = 10_000;

/** The run that a person names: a whole id, the beginning of exactly one, or `last`. */
export async function findRun(text: string, tenantId: TenantId, store: RunStore): Promise<Result<RunKey>> {
  const runId = parseRunId(text);
  if (runId !== undefined) {
    return ok({ tenantId, runId });
  }
  const rows = await store.index.list(tenantId, text === "last" ? 1 : LOOKED_AT);
  const found = text === "last" ? rows : rows.filter((row) => text.length >= 4 && row.runId.startsWith(text));
  const [only] = found;
  return only !== undefined && found.length === 1
    ? ok({ tenantId, runId: only.runId })
    : fail(faultOf(appCodes, "RUN_REFERENCE", { text: JSON.stringify(text) }));
}
