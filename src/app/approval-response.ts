import { approvalPredicate, type Approval } from "#attest/approval.ts";
import type { ApprovalRequest } from "#attest/approval-request.ts";
import { statementBytes } from "#attest/statement.ts";
import { isTimestamp, type Timestamp } from "#canon/timestamp.ts";
import type { StatementDraft } from "./sign-statement.ts";

/** What one person decides, and why. */
export type Decision = {
  readonly decision: "approve" | "reject";
  /** The principal whose key signs. */
  readonly approver: string;
  readonly reason: string;
};

/** The response to a request: every binding is the request's own. */
export function approvalDraft(request: ApprovalRequest, given: Decision, now: Timestamp): StatementDraft<Approval> {
  const { runId, gateId, tenantId, trustDomain, planHash, nonce, notAfter } = request;
  const { decision, approver, reason } = given;
  const binding = { runId, gateId, tenantId, trustDomain, planHash, nonce };
  return {
    predicate: approvalPredicate,
    subjects: [{ name: "plan.canonical.json", digest: planHash }],
    value: {
      ...binding,
      decision,
      approver,
      reason,
      issuedAt: now,
      notAfter: isTimestamp(notAfter) ? notAfter : now,
    },
  };
}

/** The bytes that a foreign signer signs as they are: an in-toto Statement v1 in canonical JSON. */
export function approvalStatementBytes(request: ApprovalRequest, given: Decision, now: Timestamp): Uint8Array {
  const { predicate, subjects, value } = approvalDraft(request, given, now);
  return statementBytes(predicate, subjects, value);
}
