import { existsSync } from "node:fs";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Plan } from "#plan/plan.ts";
import type { RunIdentity } from "#port/run-store.ts";
import { runCodes } from "#run/codes.ts";
import { evidenceFolder, sealAfterwards } from "./seal-finished.ts";
import type { Workplace } from "./workplace.ts";

/**
 * What is answered to an order that comes after the end of a run: RUN_FINISHED. A run that was not sealed is sealed on the
 * way; where that cannot be done the answer is the same, and `resume` or `evidence export` say why.
 */
export async function refuseFinished(identity: RunIdentity, plan: Plan, workplace: Workplace): Promise<Result<never>> {
  const { runId } = identity;
  if (!existsSync(evidenceFolder(runId, workplace))) {
    try {
      await sealAfterwards(identity, plan, workplace);
    } catch (error) {
      if (!(error instanceof StoreError)) {
        throw error;
      }
    }
  }
  return fail(faultOf(runCodes, "RUN_FINISHED", { runId }));
}
