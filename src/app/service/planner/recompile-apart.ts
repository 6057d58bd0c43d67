import type { TenantId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { Planner } from "./planner.ts";
import type { StoredPlan } from "./planner-job.ts";

/** Compiles a stored plan anew, in a thread that other work does not wait for. */
export type Recompile = (stored: StoredPlan) => Promise<Result<Uint8Array>>;

/** What an operator does about a run whose plan was not compiled anew. */
function hintFor(code: string): string {
  switch (code) {
    case "PLANNER_TIME":
      return "resume the run, or raise server.limits.planSeconds";
    case "PLANNER_MEMORY":
      return "go on with the run by `packrun resume` on a host of this store, which plans without that limit";
    default:
      return "resume the run; when it happens again, the server's log says more";
  }
}

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
    return fail(faultOf(storeCodes, "STORE_UNAVAILABLE", { problem }, { hint: hintFor(asked.fault.code) }));
  };
}
