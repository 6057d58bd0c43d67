import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { Planner } from "./planner.ts";
import type { StoredPlan } from "./planner-job.ts";

/** Compiles a stored plan anew, in a thread that other work does not wait for. */
export type Recompile = (stored: StoredPlan) => Promise<Result<Uint8Array>>;

const HINT = "resume the run, or raise server.limits.planSeconds";

/**
 * Compiles stored plans of a tenant in the planner's thread. A plan that could not be looked at has not drifted: where the thread
 * ended, the run is left as it was, with STORE_UNAVAILABLE.
 */
export function recompileApart(planner: Planner, tenantId: TenantId): Recompile {
  return async (stored) => {
    const asked = await planner.ask(tenantId, { kind: "recompilation", stored }, { urgent: true });
    if (asked.ok) {
      return asked.value;
    }
    const problem = `the plan of the run is not compiled anew: ${asked.fault.message}`;
    return fail(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem }, { hint: HINT }));
  };
}
