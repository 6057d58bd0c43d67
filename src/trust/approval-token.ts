import type { Digest } from "#canon/digest.ts";
import type { RunId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { approvalTokenCodes, type ApprovalTokenCode } from "./approval-token-codes.ts";

/** The one thing that a token may decide on, as the store has it: never as the bearer names it. */
export type ApprovalTarget = { readonly runId: RunId; readonly gateId: string; readonly planHash: Digest };

const CLAIMS: readonly (readonly [claim: string, member: keyof ApprovalTarget, other: ApprovalTokenCode])[] = [
  ["pack_run_id", "runId", "APPROVAL_TOKEN_RUN"],
  ["pack_gate_id", "gateId", "APPROVAL_TOKEN_GATE"],
  ["pack_plan_hash", "planHash", "APPROVAL_TOKEN_PLAN"],
];

/**
 * Whether a token lets its bearer send a decision on this gate: it must name run, gate and plan, each exactly. `claims` are
 * those of a token whose signature, issuer, audience, time, tenant and scope were checked. This authorises the sending only:
 * whether the signed decision counts is `authoriseDecision`'s to say. Faults: APPROVAL_TOKEN_CLAIM, APPROVAL_TOKEN_RUN,
 * APPROVAL_TOKEN_GATE, APPROVAL_TOKEN_PLAN, in this order.
 */
export function checkApprovalToken(
  claims: Readonly<Record<string, unknown>>,
  target: ApprovalTarget,
): Result<void, Fault<ApprovalTokenCode>> {
  const missing = CLAIMS.find(([claim]) => !Object.hasOwn(claims, claim) || typeof claims[claim] !== "string");
  if (missing !== undefined) {
    return fail(faultOf(approvalTokenCodes, "APPROVAL_TOKEN_CLAIM", { claim: missing[0] }));
  }
  const differing = CLAIMS.find(([claim, member]) => claims[claim] !== target[member]);
  return differing === undefined ? ok(undefined) : fail(faultOf(approvalTokenCodes, differing[2], { ...target }));
}
