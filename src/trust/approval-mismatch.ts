import type { ApprovalRequestClaim } from "#attest/approval.ts";
import type { ApprovalCode } from "./approval-codes.ts";

const BINDINGS: readonly (readonly [keyof ApprovalRequestClaim, ApprovalCode])[] = [
  ["runId", "APPROVAL_WRONG_RUN"],
  ["gateId", "APPROVAL_WRONG_GATE"],
  ["tenantId", "APPROVAL_WRONG_TENANT"],
  ["trustDomain", "APPROVAL_WRONG_DOMAIN"],
  ["nonce", "APPROVAL_WRONG_NONCE"],
  ["planHash", "APPROVAL_WRONG_PLAN"],
];

/** The first binding in which a signed claim differs from the request that the gate opened with. */
export function approvalMismatch(claim: ApprovalRequestClaim, request: ApprovalRequestClaim): ApprovalCode | undefined {
  return BINDINGS.find(([member]) => claim[member] !== request[member])?.[1];
}
