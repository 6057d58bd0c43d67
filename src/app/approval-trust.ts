import { approvalRequestPredicate } from "#attest/approval.ts";
import type { VerifySignature } from "#attest/public-key.ts";
import { runRequestPredicate } from "#attest/run-request.ts";
import type { Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { approvalMismatch } from "#trust/approval-mismatch.ts";
import { checkSigned } from "#trust/check-signed.ts";
import { checkRootExpiry } from "#trust/freshness.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { ApprovalCase } from "./approval-case.ts";
import { FOLDER } from "./approval-folder.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";
import { heldRevocations, type HeldRevocations, type RevocationPlace } from "./revocation-standing.ts";
import { hasNoRoot, rootFileOf } from "./site-root.ts";
import { admitRoot, type RootPlace } from "./trust-memory.ts";
import { readUserFile } from "./user-file.ts";

/** What a request is checked with. */
export type ApprovalTrust = {
  readonly root: TrustRoot;
  readonly rootBytes: Uint8Array;
  /** Whether it is only the development root of the state folder. */
  readonly development: boolean;
  /** The list of this place; absent where there is none and none is asked for. */
  readonly revocations?: HeldRevocations;
};

/**
 * The configured trust root, else the development one of the state folder, with the revocation list of this place. A root
 * older than one used before from here is refused. Faults: APPROVAL_TRUST_MISSING, USER_FILE_READ, those of
 * `readTrustRoot`, `admitRoot` and `heldRevocations`.
 */
export async function openApprovalTrust(place: RevocationPlace): Promise<Result<ApprovalTrust>> {
  const opened = await openApprovalRoot(place);
  const revocations = opened.ok ? await heldRevocations(opened.value.root, place) : opened;
  if (!opened.ok || !revocations.ok) {
    return revocations as Result<never>;
  }
  return ok(revocations.value === undefined ? opened.value : { ...opened.value, revocations: revocations.value });
}

/** The root alone, for looking up who holds what. */
export async function openApprovalRoot(place: RootPlace): Promise<Result<ApprovalTrust>> {
  if (hasNoRoot(place.settings)) {
    return fail(faultOf(approvalUseCodes, "APPROVAL_TRUST_MISSING"));
  }
  const file = rootFileOf(place.settings);
  const rootBytes = await readUserFile(file);
  const root = rootBytes.ok ? readTrustRoot(rootBytes.value, place.sha256, file) : rootBytes;
  if (!rootBytes.ok || !root.ok) {
    return root as Result<never>;
  }
  const development = place.settings.trustFile === undefined;
  const admitted = development ? ok(undefined) : await admitRoot(root.value, place);
  return admitted.ok ? ok({ root: root.value, rootBytes: rootBytes.value, development }) : admitted;
}

export type SignerTools = {
  readonly verifySignature: VerifySignature;
  readonly sha256: Sha256;
  readonly now: Timestamp;
};

/**
 * Whether a run attestor of the trust root asks this, about a run that a requester of it asked for. What is only stale is
 * refused as well: nothing is decided on it. Fault: APPROVAL_REQUEST_UNTRUSTED.
 */
export async function checkApprovalSigners(
  given: ApprovalCase,
  trust: ApprovalTrust,
  tools: SignerTools,
): Promise<Result<void>> {
  const { trustDomain } = trust.root.document;
  const problem = await signerProblem(given, trust, tools);
  return problem === undefined
    ? ok(undefined)
    : fail(faultOf(approvalUseCodes, "APPROVAL_REQUEST_UNTRUSTED", { trustDomain, problem }));
}

async function signerProblem(
  given: ApprovalCase,
  trust: ApprovalTrust,
  tools: SignerTools,
): Promise<string | undefined> {
  const { request } = given;
  const { root } = trust;
  if (request.trustDomain !== root.document.trustDomain) {
    return `it belongs to trust domain ${request.trustDomain}`;
  }
  const fresh = checkRootExpiry(root, tools.now);
  return fresh.ok
    ? ((await attestorProblem(given, trust, tools)) ?? (await requesterProblem(given, trust, tools)))
    : fresh.fault.message;
}

async function attestorProblem(
  { request, requestDigest, requestSidecar }: ApprovalCase,
  trust: ApprovalTrust,
  tools: SignerTools,
): Promise<string | undefined> {
  const signed = await checkSigned({
    ...commonOf(trust, tools),
    sidecar: requestSidecar,
    file: requestDigest,
    predicate: approvalRequestPredicate,
    roles: ["run-attestor"],
    scope: { tenant: request.tenantId, pack: request.pack.name, gate: request.gateId },
  });
  if (signed.status !== "pass") {
    return `${FOLDER.requestSidecar}: ${signed.why} (${signed.code})`;
  }
  return approvalMismatch(signed.statement.predicate, request) === undefined
    ? undefined
    : `${FOLDER.requestSidecar} speaks of another request`;
}

/** Who asked for the run: by a key of their own, or by a token that the runner took and the trust root maps to them. */
async function requesterProblem(
  { request, planHash, runRequest }: ApprovalCase,
  trust: ApprovalTrust,
  tools: SignerTools,
): Promise<string | undefined> {
  const signed = await checkSigned({
    ...commonOf(trust, tools),
    sidecar: runRequest,
    file: planHash,
    predicate: runRequestPredicate,
    roles: ["requester", "run-attestor"],
    scope: { tenant: request.tenantId, pack: request.pack.name },
  });
  if (signed.status !== "pass") {
    return `${FOLDER.runRequest}: ${signed.why} (${signed.code})`;
  }
  const claim = signed.statement.predicate;
  const { authn } = claim;
  const { tokens = [] } = trust.root.document;
  const asker =
    authn.kind === "token"
      ? tokens.find(({ iss, sub }) => iss === authn.issuer && sub === authn.subject)?.principal
      : signed.principal;
  const members = ["runId", "tenantId", "trustDomain", "planHash", "requestedBy"] as const;
  const same = members.every((member) => claim[member] === request[member]);
  return same && asker === request.requestedBy && (signed.role === "requester") === (authn.kind === "key")
    ? undefined
    : `${FOLDER.runRequest} does not say that ${request.requestedBy} asked for this run`;
}

function commonOf(
  { root: trustRoot, revocations: held }: ApprovalTrust,
  { now: at, verifySignature, sha256 }: SignerTools,
) {
  return { profile: "own" as const, trustRoot, revocations: held?.list, at, verifySignature, sha256 };
}
