import { existsSync } from "node:fs";
import { join } from "node:path";
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
import type { Settings } from "./settings.ts";
import { admitRoot } from "./trust-memory.ts";
import { readUserFile } from "./user-file.ts";

/** The root that a request is checked with, and whether it is only the development root of the state folder. */
export type ApprovalRoot = { readonly root: TrustRoot; readonly bytes: Uint8Array; readonly development: boolean };

type TrustSettings = Pick<Settings, "trustFile" | "stateFolder">;

/**
 * The configured trust root, else the development one of the state folder. A root older than one used before from here is
 * refused. Faults: APPROVAL_TRUST_MISSING, USER_FILE_READ, those of `readTrustRoot` and `admitRoot`.
 */
export async function openApprovalRoot(settings: TrustSettings, sha256: Sha256): Promise<Result<ApprovalRoot>> {
  const { trustFile, stateFolder } = settings;
  const file = trustFile ?? join(stateFolder, "trust", "trust-root.json");
  if (trustFile === undefined && !existsSync(file)) {
    return fail(faultOf(approvalUseCodes, "APPROVAL_TRUST_MISSING"));
  }
  const bytes = await readUserFile(file);
  const root = bytes.ok ? readTrustRoot(bytes.value, sha256) : bytes;
  if (!bytes.ok || !root.ok) {
    return root as Result<never>;
  }
  const admitted = trustFile === undefined ? ok(undefined) : await admitRoot(stateFolder, root.value);
  return admitted.ok ? ok({ root: root.value, bytes: bytes.value, development: trustFile === undefined }) : admitted;
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
  root: TrustRoot,
  tools: SignerTools,
): Promise<Result<void>> {
  const { trustDomain } = root.document;
  const problem = await signerProblem(given, root, tools);
  return problem === undefined
    ? ok(undefined)
    : fail(faultOf(approvalUseCodes, "APPROVAL_REQUEST_UNTRUSTED", { trustDomain, problem }));
}

async function signerProblem(given: ApprovalCase, root: TrustRoot, tools: SignerTools): Promise<string | undefined> {
  const { request } = given;
  if (request.trustDomain !== root.document.trustDomain) {
    return `it belongs to trust domain ${request.trustDomain}`;
  }
  const fresh = checkRootExpiry(root, tools.now);
  return fresh.ok
    ? ((await attestorProblem(given, root, tools)) ?? (await requesterProblem(given, root, tools)))
    : fresh.fault.message;
}

async function attestorProblem(
  { request, requestDigest, requestSidecar }: ApprovalCase,
  root: TrustRoot,
  tools: SignerTools,
): Promise<string | undefined> {
  const signed = await checkSigned({
    ...commonOf(root, tools),
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
  root: TrustRoot,
  tools: SignerTools,
): Promise<string | undefined> {
  const signed = await checkSigned({
    ...commonOf(root, tools),
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
  const { tokens = [] } = root.document;
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

function commonOf(trustRoot: TrustRoot, { now: at, verifySignature, sha256 }: SignerTools) {
  return { profile: "own" as const, trustRoot, revocations: undefined, at, verifySignature, sha256 };
}
