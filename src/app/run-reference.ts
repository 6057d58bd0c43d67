import { parseRunId, type RunId, type TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RunKey, RunStore } from "#port/run-store.ts";
import { appCodes } from "./codes.ts";

/** How many of the newest runs a short reference is looked up in. */
export const LOOKED_AT = 10_000;
/** Characters of the beginning of an id that names a run. */
const SHORTEST = 4;

/** The run that a person names: a whole id, the beginning of exactly one, or `last`. */
export async function findRun(text: string, tenantId: TenantId, store: RunStore): Promise<Result<RunKey>> {
  const runId = parseRunId(text);
  if (runId !== undefined) {
    return ok({ tenantId, runId });
  }
  const rows = await store.index.list(tenantId, { limit: text === "last" ? 1 : LOOKED_AT });
  const chosen = chooseRun(text, rows);
  return chosen.ok ? ok({ tenantId, runId: chosen.value }) : chosen;
}

/** The run that is named, among these: the first one for `last`. `whereNone` is the hint where there is none at all. Fault: RUN_REFERENCE. */
export function chooseRun(
  text: string,
  rows: readonly { readonly runId: RunId }[],
  whereNone = "this store holds no runs: name another with --store, or make one with `packrun run PACK`",
): Result<RunId> {
  const found =
    text === "last" ? rows.slice(0, 1) : rows.filter((row) => text.length >= SHORTEST && row.runId.startsWith(text));
  const [only] = found;
  return only !== undefined && found.length === 1
    ? ok(only.runId)
    : fail(refusalOf(text, rows.length, found.length, whereNone));
}

function refusalOf(text: string, all: number, found: number, whereNone: string): Fault {
  const data = { text: JSON.stringify(text), what: found > 1 ? `${found} runs` : "no run" };
  if (all === 0) {
    return faultOf(appCodes, "RUN_REFERENCE", data, { hint: whereNone });
  }
  if (text.length < SHORTEST) {
    const hint = `the beginning of a run id has at least ${SHORTEST} characters; \`packrun runs list\` shows them`;
    return faultOf(appCodes, "RUN_REFERENCE", data, { hint });
  }
  return found > 1
    ? faultOf(appCodes, "RUN_REFERENCE", data, { hint: "give more of the id; `packrun runs list` shows them" })
    : faultOf(appCodes, "RUN_REFERENCE", data);
}
