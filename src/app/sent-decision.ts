import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import type { RunIdentity } from "#port/run-store.ts";
import { readAddress } from "./approval-address.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";

/** A response with the payload that it signs. */
export type ReadDecision = { readonly response: Uint8Array; readonly payload: Uint8Array };

/**
 * Whether there is a response at all, for the plan of this run, and of which can be told what it decides: what is known of a
 * decision before it is judged. `planHash` is the plan that the sender means. Faults: APPROVAL_ENVELOPE_MISSING,
 * PLAN_HASH_MISMATCH, APPROVAL_UNREADABLE, in this order.
 */
export function readSentDecision(
  { response, planHash }: { readonly response?: Uint8Array; readonly planHash: string },
  run: Pick<RunIdentity, "planHash">,
): Result<ReadDecision> {
  if (response === undefined) {
    return fail(faultOf(approvalUseCodes, "APPROVAL_ENVELOPE_MISSING"));
  }
  if (planHash !== run.planHash) {
    return fail(faultOf(planCodes, "PLAN_HASH_MISMATCH", { found: run.planHash, expected: planHash }));
  }
  const read = readAddress(response, "the envelope");
  return read.ok ? ok({ response, payload: read.value.payload }) : read;
}
