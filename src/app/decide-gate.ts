import { randomUUID } from "node:crypto";
import { approvalPredicate } from "#attest/approval.ts";
import { readApprovalRequest, type ApprovalRequest } from "#attest/approval-request.ts";
import { toBase64 } from "#canon/base64.ts";
import { hexOf } from "#canon/digest.ts";
import { isTimestamp, timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { STEP_ID } from "#plan/plan.ts";
import type { RunIdentity, RunKey } from "#port/run-store.ts";
import type { Signer } from "#port/signer.ts";
import { runCodes } from "#run/codes.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import { isTerminal } from "#run/status.ts";
import { requestPath } from "./approval-paths.ts";
import { deliver } from "./deliver-command.ts";
import { readRunState } from "./read-run.ts";
import { openRunTrust, type RunTrust } from "./run-trust.ts";
import { signStatement, type SignedStatement } from "./sign-statement.ts";
import type { Workplace } from "./workplace.ts";

export type GateDecision = {
  readonly gateId: string;
  readonly decision: "approve" | "reject";
  readonly reason: string;
  /** Private key that signs; the requester's own key where none is given. */
  readonly keyFile?: string;
};

export type DecidedGate = {
  readonly runId: string;
  readonly gateId: string;
  readonly decision: "approve" | "reject";
  readonly principal: string;
};

/** Signs a decision on an open gate and has it recorded; refusals are faults with the code that the ledger bears. */
export async function decideGate(key: RunKey, given: GateDecision, workplace: Workplace): Promise<Result<DecidedGate>> {
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const state = await readRunState(identity.value, workplace);
  if (!state.ok) {
    return state;
  }
  if (isTerminal(state.value.status)) {
    return fail(faultOf(runCodes, "RUN_FINISHED", { runId: key.runId }));
  }
  const roles = Object.values(state.value.plan.approvals).flatMap((rule) => rule.from);
  const trust = await openRunTrust(workplace, undefined, roles);
  if (!trust.ok) {
    return trust;
  }
  const command = await commandOf(identity.value, given, trust.value, workplace);
  const recorded = command.ok ? await deliver(identity.value, command.value, workplace, trust.value) : command;
  const gates = state.value.plan.steps.filter(({ kind }) => kind === "gate.approval").map(({ id }) => id);
  return recorded.ok ? decided(recorded.value, given, key, gates) : recorded;
}

function decided(
  event: LedgerEvent,
  { gateId, decision }: GateDecision,
  { runId }: RunKey,
  gates: readonly string[],
): Result<DecidedGate> {
  if (event.eventType === "gate.decision") {
    return ok({ runId, gateId, decision, principal: event.metadata.principal });
  }
  return fail(refusalOf(event, gateId, gates));
}

function refusalOf(event: LedgerEvent, gateId: string, gates: readonly string[]): Fault {
  if (event.eventType !== "gate.refused") {
    throw new Error(`a decision was answered by ${event.eventType}`);
  }
  const { code, hint } = event.metadata;
  if (code === "GATE_UNKNOWN") {
    const near = nearestName(gateId, gates);
    const known = gates.length === 0 ? "the run has none" : `there is ${gates.join(", ")}`;
    return faultOf(runCodes, code, { gate: gateId }, { hint: near === undefined ? known : `did you mean ${near}?` });
  }
  return { code, message: `the decision on gate ${gateId} was refused`, hint };
}

/** A gate without a request is unknown or not open: the attempt is sent all the same, so that its refusal is recorded. */
async function commandOf(
  identity: RunIdentity,
  given: GateDecision,
  trust: RunTrust,
  workplace: Workplace,
): Promise<Result<InboxCommand>> {
  const bytes = isGateId(given.gateId)
    ? await workplace.store.ledger.getFile(identity, requestPath(given.gateId))
    : fail(faultOf(runCodes, "GATE_UNKNOWN", { gate: given.gateId }));
  const request = bytes.ok ? readApprovalRequest(bytes.value) : bytes;
  if (!request.ok) {
    return ok({ commandId: `decision:${randomUUID()}`, kind: "decision", body: { gate: given.gateId } });
  }
  const signer = await openSigner(given, trust, workplace);
  const signed = signer.ok ? await sign(request.value, given, signer.value, trust, workplace) : signer;
  if (!signed.ok) {
    return signed;
  }
  const body = { gate: given.gateId, response: toBase64(signed.value.sidecar) };
  return ok({ commandId: `decision:${hexOf(signed.value.payloadDigest)}`, kind: "decision", body });
}

function isGateId(text: string): boolean {
  return STEP_ID.test(text);
}

async function openSigner(given: GateDecision, trust: RunTrust, workplace: Workplace): Promise<Result<Signer>> {
  return given.keyFile === undefined ? ok(trust.requester) : workplace.keyring.open(given.keyFile, workplace.password);
}

function sign(
  request: ApprovalRequest,
  given: GateDecision,
  signer: Signer,
  trust: RunTrust,
  workplace: Workplace,
): Promise<Result<SignedStatement>> {
  const { runId, gateId, tenantId, trustDomain, planHash, nonce, notAfter } = request;
  const now = timestampOf(workplace.clock.now());
  const value = {
    runId,
    gateId,
    tenantId,
    trustDomain,
    planHash,
    nonce,
    decision: given.decision,
    approver: trust.root.keys.get(signer.keyid)?.principal ?? signer.keyid,
    reason: given.reason,
    issuedAt: now,
    notAfter: isTimestamp(notAfter) ? notAfter : now,
  };
  const subjects = [{ name: "plan.canonical.json", digest: planHash }];
  return signStatement(signer, { predicate: approvalPredicate, subjects, value }, workplace);
}
