import type { ApprovalRequest } from "#attest/approval-request.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { AskPassword, Keyring } from "#port/keyring.ts";
import { approvalCodes } from "#trust/approval-codes.ts";
import { authoriseDecision } from "#trust/authorise-decision.ts";
import { findRevoked } from "#trust/find-revoked.ts";
import { eligibleApprovers } from "#trust/eligible-approvers.ts";
import { readApprovalCase, type ApprovalCase } from "./approval-case.ts";
import { comparePrevious, type PreviousPlan } from "./approval-previous.ts";
import { approvalDraft, approvalStatementBytes, type Decision } from "./approval-response.ts";
import { checkApprovalSigners, openApprovalTrust, type ApprovalTrust } from "./approval-trust.ts";
import type { RevocationPlace } from "./revocation-standing.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";
import { openBundle } from "./open-bundle.ts";
import type { ProveAnchor } from "#trust/anchor-finding.ts";
import { signStatement } from "./sign-statement.ts";
import { writeUserFile } from "./user-file.ts";

/** One decision on the request in an approval folder. */
export type ApprovalOrder = {
  /** The folder or archive. */
  readonly path: string;
  readonly decision: Decision["decision"];
  readonly reason: string;
  /** A plan file or evidence bundle to compare the plan with. */
  readonly previous?: string;
  /** The run and gate that are meant: a request for another is refused. */
  readonly of?: { readonly runId: string; readonly gateId: string };
  readonly out: string;
};

/** What whoever decides sees before anything is signed. Everything in it was held to the request and its signature. */
export type ApprovalReview = {
  readonly given: ApprovalCase;
  readonly decision: Decision["decision"];
  readonly reason: string;
  /** True when only the development root of the state folder vouches for it. */
  readonly development: boolean;
  /** Who may decide, as far as roles, windows and the rule go. */
  readonly mayDecide: readonly string[];
  readonly previous?: PreviousPlan;
};

export type ApprovalTools = {
  /** Proves the anchor of an earlier run's evidence. */
  readonly proveAnchor?: ProveAnchor;
  readonly settings: RevocationPlace["settings"];
  readonly keyring: Keyring;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly show: (review: ApprovalReview) => void;
};

export type SigningOrder = ApprovalOrder & { readonly keyFile: string };
export type SigningHands = ApprovalTools & {
  readonly password: AskPassword;
  /** Asks whether to sign what was shown; true where nobody is to be asked. */
  readonly confirm: () => Promise<boolean>;
};

export type WrittenResponse = Pick<ApprovalRequest, "runId" | "gateId" | "planHash" | "notAfter"> & {
  readonly file: string;
  readonly decision: Decision["decision"];
  /** The principal in whose name the decision is given. */
  readonly approver: string;
};

/**
 * Signs a decision on a request that came over a gap; needs no store and no network. The request is held to the trust root,
 * shown, confirmed, signed, and the response judged as the run's side will judge it before it is written. Faults:
 * APPROVAL_FOLDER and its siblings, the codes of `approvalCodes`, APPROVAL_NOT_CONFIRMED, those of the key, USER_FILE_WRITE.
 */
export async function signApproval(order: SigningOrder, hands: SigningHands): Promise<Result<WrittenResponse>> {
  const reviewed = await review(order, hands);
  if (!reviewed.ok) {
    return reviewed;
  }
  const { given, trust } = reviewed.value;
  if (!(await hands.confirm())) {
    return fail(faultOf(approvalUseCodes, "APPROVAL_NOT_CONFIRMED"));
  }
  const { keyring } = hands;
  const signer = await keyring.open(order.keyFile, hands.password);
  if (!signer.ok) {
    return signer;
  }
  const approver = trust.root.keys.get(signer.value.keyid)?.principal ?? signer.value.keyid;
  const now = timestampOf(hands.now());
  const signed = await signStatement(signer.value, approvalDraft(given.request, { ...order, approver }, now), keyring);
  if (!signed.ok) {
    return signed;
  }
  const answer = await authoriseDecision({
    response: signed.value.sidecar,
    profile: "own",
    request: given.request,
    planHash: given.planHash,
    rule: given.rule,
    requester: given.request.requestedBy,
    alreadyDecided: [],
    trustRoot: trust.root,
    revocations: trust.revocations?.list,
    now,
    verifySignature: keyring.verifySignature,
    sha256: keyring.sha256,
  });
  if (answer.kind === "refused") {
    const message = `this decision on gate ${given.request.gateId} would be refused`;
    return fail({ code: answer.code, message, hint: answer.hint });
  }
  return write(order, given, approver, signed.value.sidecar);
}

/**
 * Writes the statement of a decision for a foreign signer, after the same checks; its bytes must be signed as they are.
 * Faults: as `signApproval`, and APPROVAL_ROLE when nobody of that name may decide.
 */
export async function writeApprovalStatement(
  order: ApprovalOrder & { readonly approver: string },
  tools: ApprovalTools,
): Promise<Result<WrittenResponse>> {
  const reviewed = await review(order, tools);
  if (!reviewed.ok) {
    return reviewed;
  }
  const { given, trust } = reviewed.value;
  const now = timestampOf(tools.now());
  const barred = approverProblem(given, trust, order.approver, now);
  if (barred !== undefined) {
    return barred;
  }
  return write(order, given, order.approver, approvalStatementBytes(given.request, order, now));
}

async function write(
  { out: file, decision }: ApprovalOrder,
  { request }: ApprovalCase,
  approver: string,
  bytes: Uint8Array,
): Promise<Result<WrittenResponse>> {
  const { runId, gateId, planHash, notAfter } = request;
  const written = await writeUserFile(file, bytes);
  return written.ok ? ok({ file, runId, gateId, planHash, decision, approver, notAfter }) : written;
}

type Reviewed = { readonly given: ApprovalCase; readonly trust: ApprovalTrust };

/** Reads, checks and shows; nothing is shown of a request that nobody vouches for. */
async function review(order: ApprovalOrder, tools: ApprovalTools): Promise<Result<Reviewed>> {
  const { keyring } = tools;
  const { sha256, verifySignature } = keyring;
  const place = { settings: tools.settings, sha256, verifySignature, now: tools.now };
  const trust = await openApprovalTrust(place);
  const given = trust.ok ? await readCase(order.path, sha256) : trust;
  if (!trust.ok || !given.ok) {
    return given as Result<never>;
  }
  const { request } = given.value;
  if (order.of !== undefined && (request.runId !== order.of.runId || request.gateId !== order.of.gateId)) {
    const problem = `it is for gate ${request.gateId} of run ${request.runId}`;
    return fail(faultOf(approvalUseCodes, "APPROVAL_FOLDER_MISMATCH", { file: "request.json", problem }));
  }
  const now = timestampOf(tools.now());
  const vouched = await checkApprovalSigners(given.value, trust.value, { verifySignature, sha256, now });
  const early = vouched.ok ? earlyRefusal(given.value, trust.value, order.reason, now) : vouched;
  if (!early.ok) {
    return early;
  }
  const { proveAnchor, now: clock } = tools;
  const verifyTools = { sha256, verifySignature, now: clock, ...(proveAnchor === undefined ? {} : { proveAnchor }) };
  const previous =
    order.previous === undefined
      ? ok(undefined)
      : await comparePrevious(order.previous, given.value.plan, trust.value, verifyTools);
  if (!previous.ok) {
    return previous;
  }
  tools.show({
    given: given.value,
    decision: order.decision,
    reason: order.reason,
    development: trust.value.development,
    mayDecide: approversOf(given.value, trust.value, now),
    ...(previous.value === undefined ? {} : { previous: previous.value }),
  });
  return ok({ given: given.value, trust: trust.value });
}

async function readCase(path: string, sha256: Keyring["sha256"]): Promise<Result<ApprovalCase>> {
  const bundle = await openBundle(path);
  if (!bundle.ok) {
    return fail(faultOf(approvalUseCodes, "APPROVAL_FOLDER", { path, problem: "there is nothing of this name" }));
  }
  try {
    return await readApprovalCase(bundle.value.source, path, sha256);
  } finally {
    await bundle.value.close();
  }
}

/** What can be told before anybody is asked for a key. */
function earlyRefusal(
  { request, rule, planHash }: ApprovalCase,
  { revocations }: ApprovalTrust,
  reason: string,
  now: Timestamp,
): Result<void> {
  const { notAfter, runId: run, pack } = request;
  const revoked = findRevoked(revocations?.list, { run, plan: planHash, pack });
  if (revoked !== undefined) {
    return fail(faultOf(approvalCodes, "APPROVAL_REVOKED", { code: revoked.code, problem: revoked.message }));
  }
  if (now >= notAfter) {
    return fail(faultOf(approvalCodes, "APPROVAL_LATE", { now, notAfter }));
  }
  return rule.reasonRequired && reason.trim() === ""
    ? fail(faultOf(approvalCodes, "APPROVAL_REASON_MISSING"))
    : ok(undefined);
}

function approverProblem(
  given: ApprovalCase,
  trust: ApprovalTrust,
  principal: string,
  now: Timestamp,
): Result<never> | undefined {
  const { rule, request } = given;
  if (rule.separationOfDuties && principal === request.requestedBy) {
    return fail(faultOf(approvalCodes, "APPROVAL_SELF", { principal }));
  }
  return approversOf(given, trust, now).includes(principal)
    ? undefined
    : fail(faultOf(approvalCodes, "APPROVAL_ROLE", { principal, roles: rule.from.join(", ") }));
}

function approversOf(
  { rule, request }: ApprovalCase,
  { root, revocations }: ApprovalTrust,
  now: Timestamp,
): readonly string[] {
  const scope = { pack: request.pack.name, tenant: request.tenantId, gate: request.gateId };
  return eligibleApprovers(root, rule.from, scope, now, revocations?.list).filter(
    (principal) => !rule.separationOfDuties || principal !== request.requestedBy,
  );
}
