import { existsSync } from "node:fs";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { runCodes } from "#run/codes.ts";
import { findRun } from "./run-reference.ts";
import { evidenceFolder } from "./seal-finished.ts";
import type { Workplace } from "./workplace.ts";

/** The sealed folder of a run that a person names. Faults: RUN_REFERENCE, RUN_NOT_FINISHED. */
export async function findEvidence(text: string, workplace: Workplace): Promise<Result<string>> {
  const key = await findRun(text, workplace.settings.tenantId, workplace.store);
  if (!key.ok) {
    return key;
  }
  const { runId } = key.value;
  const folder = evidenceFolder(runId, workplace);
  return existsSync(folder) ? ok(folder) : fail(faultOf(runCodes, "RUN_NOT_FINISHED", { runId }));
}
