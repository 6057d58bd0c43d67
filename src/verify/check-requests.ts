import { approvalRequestPredicate } from "#attest/approval.ts";
import { readApprovalRequest, type ApprovalRequest } from "#attest/approval-request.ts";
import { runRequestPredicate, type RunRequest } from "#attest/run-request.ts";
import { canonicalJson } from "#canon/canonical-json.ts";
import { digestOf } from "#canon/digest.ts";
import { millisecondsOf } from "#canon/timestamp.ts";
import { RUN_REQUEST_PATH, SIDECAR } from "#evidence/evidence-path.ts";
import { gateRequestPath } from "#evidence/gate-path.ts";
import { inputDigests } from "#plan/input-digests.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import type { ApprovalGateNode } from "#plan/plan.ts";
import { checkSigned, type Signed } from "#trust/check-signed.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";
import type { LoggedGate } from "./gate-log.ts";

/** Who asked for the run: signed over the plan by a requester, or by the runner for the bearer of a token. */
export async function checkRunRequest(given: FoldedCase): Promise<void> {
  const { checks, reader, trustRoot, manifest } = given;
  if (!reader.has(RUN_REQUEST_PATH)) {
    if (given.requireDsse) {
      checks.fail("run-request", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: RUN_REQUEST_PATH }));
    }
    checks.skip("run-request", "unsigned: nobody is on record as having asked for this run");
    return;
  }
  if (trustRoot === undefined) {
    checks.skip("run-request", "no trust root to check it with");
    return;
  }
  const sidecar = await reader.document(RUN_REQUEST_PATH);
  if (!sidecar.ok) {
    checks.fail("run-request", sidecar.fault);
    return;
  }
  const signed = await checkSigned({
    sidecar: sidecar.value,
    profile: "own",
    file: manifest.planHash,
    predicate: runRequestPredicate,
    roles: ["requester", "run-attestor"],
    scope: { tenant: manifest.tenantId, pack: given.plan.pack.name },
    trustRoot,
    revocations: given.revocations,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256,
  });
  if (signed.status === "fail") {
    checks.fail("run-request", { code: signed.code, message: signed.why });
    return;
  }
  const wrong = runRequestProblem(given, trustRoot, signed);
  if (wrong !== undefined) {
    checks.fail("run-request", faultOf(verifyCodes, "RUN_REQUEST_MISMATCH", { problem: wrong }));
  } else if (signed.status === "stale") {
    checks.stale("run-request", { code: signed.code, message: signed.why });
  }
  checks.pass("run-request", `requested by ${signed.statement.predicate.requestedBy}`);
}

function runRequestProblem(
  { manifest, ledger }: FoldedCase,
  trustRoot: TrustRoot,
  signed: Signed<RunRequest>,
): string | undefined {
  const { predicate } = signed.statement;
  const { authn, requestedBy } = predicate;
  const created = ledger.facts.created;
  const { tokens = [] } = trustRoot.document;
  const bearer =
    authn.kind === "token"
      ? tokens.find(({ iss, sub }) => iss === authn.issuer && sub === authn.subject)?.principal
      : signed.principal;
  const fitting: readonly (readonly [boolean, string])[] = [
    [predicate.runId === manifest.runId, "it is for another run"],
    [predicate.tenantId === manifest.tenantId, "it is for another tenant"],
    [predicate.trustDomain === manifest.trustDomain, "it is for another trust domain"],
    [predicate.planHash === manifest.planHash, "it is for another plan"],
    [created?.requestDigest === signed.payloadDigest, "it is not the request that the ledger names"],
    [created?.requestedBy === requestedBy, "the ledger names another requester"],
    [(signed.role === "requester") === (authn.kind === "key"), `a ${authn.kind} request is not signed so`],
    [bearer === requestedBy, "the requester is not who signed, nor whom the token stands for"],
  ];
  return fitting.find(([fits]) => !fits)?.[1];
}

/** The request that a gate opened with: the one that the ledger names, true to plan and run, signed by the runner. */
export async function readGateRequest(
  given: FoldedCase,
  gateId: string,
  node: ApprovalGateNode,
  opened: NonNullable<LoggedGate["opened"]>,
): Promise<Result<ApprovalRequest>> {
  const { checks, reader, requireDsse } = given;
  const path = gateRequestPath(gateId, given.sha256);
  const mismatch = (problem: string): Result<never> =>
    fail(faultOf(verifyCodes, "APPROVAL_REQUEST_MISMATCH", { gate: gateId, problem }));
  const bytes = await reader.document(path);
  const request = bytes.ok ? readApprovalRequest(bytes.value) : bytes;
  if (!bytes.ok || !request.ok) {
    return request;
  }
  const digest = digestOf(bytes.value, given.sha256);
  const wrong =
    digest === opened.requestDigest
      ? requestProblem(given, gateId, node, opened, request.value)
      : "the ledger names another request";
  if (wrong !== undefined) {
    return mismatch(wrong);
  }
  if (!reader.has(path + SIDECAR)) {
    if (requireDsse) {
      return fail(faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: path + SIDECAR }));
    }
    checks.skip("approval-requests", "unsigned");
    return request;
  }
  const sidecar = await reader.document(path + SIDECAR);
  if (!sidecar.ok || given.trustRoot === undefined) {
    return sidecar.ok ? request : sidecar;
  }
  const signed = await checkSigned({
    sidecar: sidecar.value,
    profile: "own",
    file: digest,
    predicate: approvalRequestPredicate,
    roles: ["run-attestor"],
    scope: { tenant: given.manifest.tenantId, gate: gateId, pack: given.plan.pack.name },
    trustRoot: given.trustRoot,
    revocations: given.revocations,
    at: given.at,
    timestamps: given.timestamps,
    verifySignature: given.verifySignature,
    sha256: given.sha256,
  });
  if (signed.status === "fail") {
    return fail({ code: signed.code, message: `gate ${gateId}: ${signed.why}` });
  }
  if (signed.status === "stale") {
    checks.stale("approval-requests", { code: signed.code, message: `gate ${gateId}: ${signed.why}` });
  }
  const claim = signed.statement.predicate;
  const members = ["runId", "gateId", "tenantId", "trustDomain", "planHash", "nonce"] as const;
  const differing = members.find((member) => claim[member] !== request.value[member]);
  return differing === undefined ? request : mismatch(`its signature speaks of another ${differing}`);
}

function requestProblem(
  { manifest, plan, ledger, sha256 }: FoldedCase,
  gateId: string,
  node: ApprovalGateNode,
  opened: NonNullable<LoggedGate["opened"]>,
  request: ApprovalRequest,
): string | undefined {
  const rule = plan.approvals[node.approval];
  const until = (millisecondsOf(request.requestedAt) ?? 0) + (rule?.ttlMs ?? 0);
  const fitting: readonly (readonly [boolean, string])[] = [
    [request.runId === manifest.runId, "it is for another run"],
    [request.gateId === gateId, "it is for another gate"],
    [request.tenantId === manifest.tenantId, "it is for another tenant"],
    [request.trustDomain === manifest.trustDomain, "it is for another trust domain"],
    [request.planHash === manifest.planHash, "it is for another plan"],
    [request.approval === node.approval, "it names another rule"],
    [request.requestedBy === ledger.facts.created?.requestedBy, "it names another requester"],
    [canonicalJson(request.pack) === canonicalJson(plan.pack), "it names another pack"],
    [canonicalJson(request.inputs) === canonicalJson(inputDigests(plan, sha256)), "it names other inputs"],
    [request.notAfter === opened.notAfter, "it ends at another time than the ledger says"],
    [millisecondsOf(request.notAfter) === until, "it is open for another time than the plan says"],
    [typeof node.message !== "string" || request.message === node.message, "it shows another message"],
    [node.message !== undefined || request.message === undefined, "it shows a message that the plan does not have"],
  ];
  return fitting.find(([fits]) => !fits)?.[1];
}
