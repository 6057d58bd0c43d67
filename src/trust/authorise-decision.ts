import type { Approval } from "#attest/approval.ts";
import { approvalPredicate } from "#attest/approval.ts";
import type { ApprovalRequest } from "#attest/approval-request.ts";
import type { VerifySignature } from "#attest/public-key.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { checkSubject, readStatement } from "#attest/read-statement.ts";
import type { Statement } from "#attest/statement.ts";
import type { Profile } from "#attest/sidecar.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FaultData } from "#fault/fault.ts";
import { approvalCodes, type ApprovalCode } from "./approval-codes.ts";
import { approvalMismatch } from "./approval-mismatch.ts";
import { findRevoked } from "./find-revoked.ts";
import { findSigner } from "./find-signer.ts";
import { checkKeyWindow, checkRootExpiry, needsRevocations } from "./freshness.ts";
import type { Revocations } from "./revocation-list.ts";
import { plainLine } from "./plain-line.ts";
import { standingOf } from "./role.ts";
import { isPrincipal, type TrustedKey, type TrustRoot } from "./trust-root.ts";

/** What of a pack's approval rule bears on one decision. */
type DecisionRule = {
  /** Roles; the signer must hold one of them. */
  readonly from: readonly string[];
  readonly separationOfDuties: boolean;
  readonly reasonRequired: boolean;
};

/** One response to one open gate, with everything that it is judged by. */
export type DecisionCase = {
  /** The sidecar as it was received. */
  readonly response: Uint8Array;
  readonly profile: Profile;
  /** The request that the gate opened with; run, gate, tenant, trust domain, plan and nonce are bound to it. */
  readonly request: ApprovalRequest;
  /** Of the plan as it was recompiled just now. */
  readonly planHash: Digest;
  readonly rule: DecisionRule;
  /** The principal who asked for the run. */
  readonly requester: string;
  /** Principals whose decisions on this gate are recorded. */
  readonly alreadyDecided: readonly string[];
  readonly trustRoot: TrustRoot;
  /** What is revoked now; undefined where there is no list. */
  readonly revocations: Revocations | undefined;
  /** When the decision is recorded; the response's own times prove nothing. */
  readonly now: Timestamp;
  readonly verifySignature: VerifySignature;
  readonly sha256: Sha256;
};

export type DecisionAnswer =
  | {
      readonly kind: "accepted";
      readonly decision: "approve" | "reject";
      readonly principal: string;
      readonly keyid: string;
      readonly payloadDigest: Digest;
      readonly reason: string;
      /** From then on it counts no more: the earlier one of both `notAfter`. */
      readonly until: Timestamp;
    }
  /** `principal` once the signature was found good. */
  | {
      readonly kind: "refused";
      readonly code: ApprovalCode | "PLAN_HASH_MISMATCH";
      readonly hint: string;
      readonly principal?: string;
    };

type Refusal = Extract<DecisionAnswer, { kind: "refused" }>;

/**
 * The one answer to "does this response count?", for every face of the product. Nothing but the trust root grants
 * anything. Never throws on any bytes; every refusal is a code of `approvalCodes` with a hint, or PLAN_HASH_MISMATCH.
 */
export async function authoriseDecision(given: DecisionCase): Promise<DecisionAnswer> {
  const early = rootRefusal(given);
  if (early !== undefined) {
    return early;
  }
  const envelope = readSidecar(given.response, given.profile);
  const signer = envelope.ok
    ? await findSigner(envelope.value, given.trustRoot, given.rule.from, given.verifySignature)
    : envelope;
  if (!envelope.ok || !signer.ok) {
    const fault = envelope.ok ? signer : envelope;
    return refuse(
      "APPROVAL_SIGNATURE",
      fault.ok ? {} : { code: fault.fault.code, problem: plainLine(fault.fault.message) },
    );
  }
  const { principal, key } = signer.value;
  const statement = readStatement(envelope.value.payload, approvalPredicate);
  if (!statement.ok) {
    return refuse(
      "APPROVAL_STATEMENT",
      { code: statement.fault.code, problem: plainLine(statement.fault.message) },
      principal,
    );
  }
  const approval = statement.value.predicate;
  const unbound = bindingRefusal(given, statement.value, principal);
  if (unbound !== undefined) {
    return unbound;
  }
  const { decision, reason } = approval;
  const payloadDigest = digestOf(envelope.value.payload, given.sha256);
  return (
    signerRefusal(given, signer.value, approval, payloadDigest) ??
    ruleRefusal(given, approval, principal) ?? {
      kind: "accepted",
      decision,
      principal,
      keyid: key.keyid,
      payloadDigest,
      reason,
      until: endOf(approval, given.request),
    }
  );
}

/**
 * Whether an approval that was accepted before still holds now, for the moment in which its gate would pass: key
 * window, role, deadline, trust root. Its own earlier record does not count against it.
 */
export function recheckApproval(given: Omit<DecisionCase, "alreadyDecided">): Promise<DecisionAnswer> {
  return authoriseDecision({ ...given, alreadyDecided: [] });
}

/** A root that must not be relied on, or that does not know the requester, takes no decision at all. */
function rootRefusal({ trustRoot, revocations, now, requester, request }: DecisionCase): Refusal | undefined {
  const { trustDomain, expires } = trustRoot.document;
  if (trustDomain !== request.trustDomain) {
    return refuse("APPROVAL_WRONG_DOMAIN", { trustDomain: request.trustDomain });
  }
  if (!checkRootExpiry(trustRoot, now).ok) {
    return refuse("APPROVAL_ROOT_EXPIRED", { expires });
  }
  if (needsRevocations(trustRoot) && revocations === undefined) {
    return refuse("APPROVAL_REVOCATIONS_MISSING", { trustDomain });
  }
  return isPrincipal(trustRoot, requester) ? undefined : refuse("REQUESTER_UNKNOWN", { requester, trustDomain });
}

/**
 * What is signed for something else than this request. Another hash is one that was asserted from outside: it is named as
 * such wherever it comes from. A request whose plan the stored copies no longer give is nobody's to approve.
 */
function bindingRefusal(
  { request, planHash }: DecisionCase,
  statement: Statement<Approval>,
  principal: string,
): Refusal | undefined {
  const mismatch = approvalMismatch(statement.predicate, request);
  if (mismatch !== undefined && mismatch !== "APPROVAL_WRONG_PLAN") {
    return refuse(mismatch, boundData(request), principal);
  }
  const { hint = "" } = faultOf(approvalCodes, "APPROVAL_WRONG_PLAN", boundData(request));
  if (mismatch !== undefined || !checkSubject(statement, request.planHash).ok) {
    return { kind: "refused", code: "PLAN_HASH_MISMATCH", hint, principal };
  }
  return request.planHash === planHash ? undefined : { kind: "refused", code: "APPROVAL_WRONG_PLAN", hint, principal };
}

function signerRefusal(
  given: DecisionCase,
  signer: TrustedKey,
  approval: Approval,
  payload: Digest,
): Refusal | undefined {
  const { rule, request, trustRoot } = given;
  const { principal, key, validFrom, validUntil } = signer;
  const scope = { pack: request.pack.name, tenant: request.tenantId, gate: request.gateId };
  const standing = standingOf(trustRoot, key.keyid, rule.from, scope);
  if (standing.kind === "none") {
    return refuse("APPROVAL_ROLE", { principal, roles: rule.from.join(", ") }, principal);
  }
  if (!checkKeyWindow(signer, given.now).ok) {
    return refuse("APPROVAL_KEY_WINDOW", { principal, validFrom, validUntil }, principal);
  }
  const { runId: run, pack } = request;
  const revoked = findRevoked(given.revocations, { run, plan: given.planHash, pack, key: key.keyid, payload });
  if (revoked !== undefined) {
    return refuse("APPROVAL_REVOKED", { code: revoked.code, problem: revoked.message }, principal);
  }
  if (standing.kind === "outOfScope") {
    return refuse("APPROVAL_SCOPE", { principal, role: standing.role, bound: standing.bound }, principal);
  }
  return approval.approver === principal
    ? undefined
    : refuse("APPROVAL_APPROVER", { approver: approval.approver, principal }, principal);
}

function ruleRefusal(given: DecisionCase, approval: Approval, principal: string): Refusal | undefined {
  const { now, request, rule } = given;
  const notAfter = endOf(approval, request);
  if (now >= notAfter) {
    return refuse("APPROVAL_LATE", { notAfter, now }, principal);
  }
  if (given.alreadyDecided.includes(principal)) {
    return refuse("APPROVAL_ALREADY_DECIDED", { principal }, principal);
  }
  if (rule.separationOfDuties && principal === given.requester) {
    return refuse("APPROVAL_SELF", { principal }, principal);
  }
  return rule.reasonRequired && approval.reason.trim() === ""
    ? refuse("APPROVAL_REASON_MISSING", {}, principal)
    : undefined;
}

function endOf(approval: Approval, request: ApprovalRequest): Timestamp {
  return approval.notAfter < request.notAfter ? approval.notAfter : request.notAfter;
}

function boundData(request: ApprovalRequest): FaultData {
  const { runId, gateId, tenantId, trustDomain, planHash, nonce } = request;
  return { runId, gateId, tenantId, trustDomain, planHash, nonce };
}

function refuse(code: ApprovalCode, data: FaultData, principal?: string): Refusal {
  const { hint = "" } = faultOf(approvalCodes, code, data);
  return principal === undefined ? { kind: "refused", code, hint } : { kind: "refused", code, hint, principal };
}
