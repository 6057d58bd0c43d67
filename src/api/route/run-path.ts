import { parseRunId } from "#canon/ids.ts";
import { object, string, type Shape } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { RunKey } from "#port/run-store.ts";
import type { Refusal } from "../problem.ts";
import type { Call } from "../route.ts";

export const runParams: Shape<{ readonly runId: string }> = object({ runId: string({ max: 64 }) });

/** The run that a path names, which is of the bearer's tenant: RUN_UNKNOWN otherwise. */
export async function runOf(
  { bearer, workplace }: Pick<Call<never, never, never>, "bearer" | "workplace">,
  text: string,
): Promise<Result<RunKey, Refusal>> {
  const { tenantId } = bearer;
  const runId = parseRunId(text);
  if (runId === undefined) {
    return fail({ fault: faultOf(storeCodes, "RUN_UNKNOWN", { runId: "of this id", tenantId }) });
  }
  const identity = await workplace.store.ledger.identity({ tenantId, runId });
  return identity.ok ? ok({ tenantId, runId }) : fail({ fault: identity.fault });
}
