import { fail, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";

/** True for the faults that say that nothing can be recorded now: the run stops as it is and can be resumed. */
export function isStoreFault(code: string): boolean {
  return code === "STORE_FULL" || code === "STORE_UNAVAILABLE" || code === "LEASE_LOST";
}

/** What a store threw, as the fault that it is; anything else is a bug and is thrown on. */
export function storeFailure(error: unknown): Result<never> {
  if (error instanceof StoreError) {
    return fail(error.fault);
  }
  throw error;
}
