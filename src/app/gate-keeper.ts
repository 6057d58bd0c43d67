import { approvalRequestBytes, readApprovalRequest, type ApprovalRequest } from "#attest/approval-request.ts";
import { approvalRequestPredicate } from "#attest/approval.ts";
import type { VerifySignature } from "#attest/public-key.ts";
import { digestOf, hexOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { fromBase64 } from "#canon/base64.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { isTimestamp, timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { inputDigests } from "#plan/input-digests.ts";
import type { Plan } from "#plan/plan.ts";
import type { Clock } from "#port/clock.ts";
import type { ApprovalEnd, DecisionVerdict, GateKeeper, GateOpening, GateStanding } from "#port/gate-keeper.ts";
import type { LedgerStore, RunIdentity } from "#port/run-store.ts";
import { runCodes } from "#run/codes.ts";
import { approvalCodes } from "#trust/approval-codes.ts";
import { authoriseDecision, recheckApproval, type DecisionCase } from "#trust/authorise-decision.ts";
import { requestPath, responsePath } from "./approval-paths.ts";
import { checkBundleForm } from "./bundle-form.ts";
import type { Chance } from "./chance.ts";
import type { RunTrust } from "./run-trust.ts";
import { readSentDecision, type ReadDecision } from "./sent-decision.ts";
import { signStatement } from "./sign-statement.ts";

export type GateKeeperRun = {
  readonly identity: RunIdentity;
  readonly plan: Plan;
  /** The bytes of the plan, compiled anew from the run's stored copies. */
  readonly recompile: () => Promise<Result<Uint8Array>>;
  /** The principal who asked for the run. */
  readonly requestedBy: string;
  readonly trust: RunTrust;
  readonly ledger: LedgerStore;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly sha256: Sha256;
  readonly verifySignature: VerifySignature;
};

/** Keeps the approval gates of one run: requests are signed by the run attestor, decisions judged by the trust root. */
export function gateKeeper(run: GateKeeperRun): GateKeeper {
  return {
    open: (gate) => openGate(gate, run),
    judge: (gateId, response, standing) => judge(gateId, response, standing, run),
    recheck: (gateId, payloadDigest) => recheck(gateId, payloadDigest, run),
  };
}

async function openGate(gate: GateOpening, run: GateKeeperRun): ReturnType<GateKeeper["open"]> {
  const path = requestPath(gate.gateId);
  const before = await run.ledger.getFile(run.identity, path);
  const bytes = before.ok ? before.value : askApproval(gate, run);
  const digest = digestOf(bytes, run.sha256);
  if (!before.ok) {
    const kept = await run.ledger.putFile(run.identity, path, bytes);
    if (!kept.ok) {
      return kept;
    }
  }
  const request = readApprovalRequest(bytes);
  if (!request.ok || !isTimestamp(request.value.notAfter)) {
    return request.ok ? fail(faultOf(runCodes, "LEDGER_BROKEN", { problem: path })) : request;
  }
  const signed = await signRequest(request.value, digest, path, run);
  return signed.ok ? ok({ requestDigest: digest, notAfter: request.value.notAfter }) : signed;
}

function askApproval(gate: GateOpening, run: GateKeeperRun): Uint8Array {
  const { runId, tenantId, trustDomain, planHash } = run.identity;
  const rule = run.plan.approvals[gate.approval];
  const question = {
    runId,
    gateId: gate.gateId,
    tenantId,
    trustDomain,
    planHash,
    approval: gate.approval,
    requestedBy: run.requestedBy,
    requestedAt: timestampOf(run.clock.now()),
    ttlMs: rule?.ttlMs ?? 0,
    nonce: run.chance.nonce(),
    pack: run.plan.pack,
    inputs: inputDigests(run.plan, run.sha256),
  };
  return approvalRequestBytes(gate.message === undefined ? question : { ...question, message: gate.message });
}

/** Signs a request once: a sidecar that is there already stays. */
async function signRequest(
  request: ApprovalRequest,
  digest: Digest,
  path: string,
  run: GateKeeperRun,
): Promise<Result<void>> {
  const sidecar = `${path}.sigstore.json`;
  if ((await run.ledger.getFile(run.identity, sidecar)).ok) {
    return ok(undefined);
  }
  const { runId, gateId, tenantId, trustDomain, planHash, nonce } = request;
  const draft = {
    predicate: approvalRequestPredicate,
    subjects: [{ name: "request.json", digest }],
    value: { runId, gateId, tenantId, trustDomain, planHash, nonce },
  };
  const signed = await signStatement(run.trust.attestor, draft, run);
  return signed.ok ? run.ledger.putFile(run.identity, sidecar, signed.value.sidecar) : signed;
}

async function judge(
  gateId: string,
  response: Json,
  standing: GateStanding,
  run: GateKeeperRun,
): Promise<DecisionVerdict> {
  if (!standing.known || !standing.open) {
    // The core refuses decisions on gates that do not exist or are not open, with its own codes.
    return refusedFor(faultOf(runCodes, standing.known ? "GATE_CLOSED" : "GATE_UNKNOWN", { gate: gateId }));
  }
  const sent = readResponse(response, run);
  const given = sent.ok ? await caseOf(gateId, sent.value.response, run) : sent;
  if (!given.ok) {
    return refusedFor(given.fault);
  }
  const answer = await authoriseDecision({ ...given.value, alreadyDecided: standing.decided });
  if (answer.kind === "refused") {
    return answer;
  }
  const { decision, principal, payloadDigest } = answer;
  const form = await checkBundleForm(given.value.response);
  if (!form.ok) {
    return { ...refusedFor(form.fault), principal };
  }
  const path = responsePath(gateId, hexOf(payloadDigest));
  const kept = await run.ledger.putFile(run.identity, path, given.value.response);
  // The same payload in another envelope was kept before: signatures are malleable, payloads name the decision.
  return kept.ok || kept.fault.code === "FILE_CONFLICT"
    ? { kind: "accepted", decision, principal, payloadDigest }
    : { ...refusedFor(kept.fault), principal };
}

function refusedFor(fault: Fault): DecisionVerdict {
  return { kind: "refused", code: fault.code, hint: fault.hint ?? fault.message };
}

async function recheck(gateId: string, payloadDigest: Digest, run: GateKeeperRun): Promise<Result<ApprovalEnd>> {
  const response = await run.ledger.getFile(run.identity, responsePath(gateId, hexOf(payloadDigest)));
  if (!response.ok) {
    return response;
  }
  const given = await caseOf(gateId, response.value, run);
  if (!given.ok) {
    return given;
  }
  const answer = await recheckApproval(given.value);
  return answer.kind === "accepted"
    ? ok(endOf(answer.until))
    : fail({ code: answer.code, message: `the approval of ${answer.principal ?? "a key"} fell`, hint: answer.hint });
}

function endOf(from: Timestamp): ApprovalEnd {
  const { code, hint = "" } = faultOf(approvalCodes, "APPROVAL_LATE", { now: from, notAfter: from });
  return { from, code, hint };
}

async function caseOf(
  gateId: string,
  response: Uint8Array,
  run: GateKeeperRun,
): Promise<Result<Omit<DecisionCase, "alreadyDecided">>> {
  const bytes = await run.ledger.getFile(run.identity, requestPath(gateId));
  const request = bytes.ok ? readApprovalRequest(bytes.value) : bytes;
  if (!request.ok) {
    return request;
  }
  const rule = run.plan.approvals[request.value.approval];
  if (rule === undefined) {
    return fail(faultOf(runCodes, "GATE_UNKNOWN", { gate: gateId }));
  }
  const planHash = await recompiledHash(run);
  if (!planHash.ok) {
    return planHash;
  }
  const trustRoot = await run.trust.currentRoot();
  if (!trustRoot.ok) {
    return trustRoot;
  }
  const revocations = await run.trust.currentRevocations(trustRoot.value);
  if (!revocations.ok) {
    const { trustDomain } = trustRoot.value.document;
    const hint = `${revocations.fault.message} (${revocations.fault.code})`;
    return fail(faultOf(approvalCodes, "APPROVAL_REVOCATIONS_MISSING", { trustDomain }, { hint }));
  }
  return ok({
    response,
    profile: "interop",
    request: request.value,
    planHash: planHash.value,
    rule,
    requester: run.requestedBy,
    trustRoot: trustRoot.value,
    revocations: revocations.value,
    now: timestampOf(run.clock.now()),
    verifySignature: run.verifySignature,
    sha256: run.sha256,
  });
}

/**
 * What the stored copies compile to now: a decision is never held to a stored hash. Copies that do not compile any more
 * are no plan that anybody approved. Faults: APPROVAL_WRONG_PLAN and those of the store.
 */
async function recompiledHash({ identity, recompile, sha256 }: GateKeeperRun): Promise<Result<Digest>> {
  const bytes = await recompile();
  if (bytes.ok) {
    return ok(digestOf(bytes.value, sha256));
  }
  const { planHash } = identity;
  return Object.hasOwn(storeCodes, bytes.fault.code)
    ? bytes
    : fail(faultOf(approvalCodes, "APPROVAL_WRONG_PLAN", { planHash }, { hint: bytes.fault.message }));
}

/**
 * The sidecar inside an inbox command: base64 in `response`. A sender who names the plan that was meant in `planHash` is held to
 * it; without it, what is no response at all is one without a signature. Faults: those of `readSentDecision`.
 */
function readResponse(body: Json, { identity }: GateKeeperRun): Result<Pick<ReadDecision, "response">> {
  const { response: text, planHash } = isJsonObject(body) ? body : {};
  const response = typeof text === "string" ? (fromBase64(text) ?? new Uint8Array()) : undefined;
  return typeof planHash === "string"
    ? readSentDecision({ planHash, ...(response === undefined ? {} : { response }) }, identity)
    : ok({ response: response ?? new Uint8Array() });
}
