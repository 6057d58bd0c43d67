import { existsSync } from "node:fs";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { runCodes } from "#run/codes.ts";
import { isTerminal } from "#run/status.ts";
import { readRunState } from "./read-run.ts";
import { findRun } from "./run-reference.ts";
import { evidenceFolder, sealAfterwards } from "./seal-finished.ts";
import type { Workplace } from "./workplace.ts";

/**
 * The sealed folder of a run that a person names. A run that has ended without being sealed (its process died, or its
 * bundle went elsewhere) is sealed now. Faults: RUN_REFERENCE, RUN_NOT_FINISHED, those of the store and of sealing.
 */
export async function findEvidence(text: string, workplace: Workplace): Promise<Result<string>> {
  const key = await findRun(text, workplace.settings.tenantId, workplace.store);
  const identity = key.ok ? await workplace.store.ledger.identity(key.value) : key;
  if (!identity.ok) {
    return identity;
  }
  const { runId } = identity.value;
  const folder = evidenceFolder(runId, workplace);
  if (existsSync(folder)) {
    return ok(folder);
  }
  const state = await readRunState(identity.value, workplace);
  if (!state.ok) {
    return state;
  }
  if (!isTerminal(state.value.status)) {
    return fail(faultOf(runCodes, "RUN_NOT_FINISHED", { runId }));
  }
  const sealed = await sealAfterwards(identity.value, state.value.plan, workplace);
  return sealed.ok ? ok(folder) : sealed;
}
