import { randomUUID } from "node:crypto";
import { readApprovalRequest, type ApprovalRequest } from "#attest/approval-request.ts";
import { toBase64 } from "#canon/base64.ts";
import { hexOf } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { STEP_ID, type Plan } from "#plan/plan.ts";
import type { RunIdentity, RunKey } from "#port/run-store.ts";
import type { Signer } from "#port/signer.ts";
import { runCodes } from "#run/codes.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import { isTerminal } from "#run/status.ts";
import { requestPath } from "./approval-paths.ts";
import { approvalDraft } from "./approval-response.ts";
import { deliver } from "./deliver-command.ts";
import { readRunState } from "./read-run.ts";
import { refuseFinished } from "./refuse-finished.ts";
import { openRunTrust, type KeyUse, type RunTrust } from "./run-trust.ts";
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
  return recordDecision(
    key,
    given.gateId,
    (identity, trust) => commandOf(identity, given, trust, workplace),
    workplace,
  );
}

/**
 * Has a decision on a gate of a run recorded, wherever it was signed. `command` makes it once it is known that the run can
 * still take one. Faults: RUN_UNKNOWN, RUN_FINISHED, the code of the refusal that the ledger bears, those of delivering.
 */
export async function recordDecision(
  key: RunKey,
  gateId: string,
  command: (identity: RunIdentity, trust: RunTrust) => Promise<Result<InboxCommand>>,
  workplace: Workplace,
): Promise<Result<DecidedGate>> {
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const state = await readRunState(identity.value, workplace);
  if (!state.ok) {
    return state;
  }
  const { plan, status } = state.value;
  if (isTerminal(status)) {
    return refuseFinished(identity.value, plan, workplace);
  }
  const roles = Object.values(plan.approvals).flatMap((rule) => rule.from);
  const trust = await openRunTrust(workplace, roles);
  if (!trust.ok) {
    return trust;
  }
  const sent = await command(identity.value, trust.value);
  const recorded = sent.ok ? await deliver(identity.value, sent.value, workplace, trust.value) : sent;
  return recorded.ok ? decided(recorded.value, gateId, key, plan) : recorded;
}

function decided(event: LedgerEvent, gateId: string, { runId }: RunKey, plan: Plan): Result<DecidedGate> {
  if (event.eventType === "gate.decision") {
    const { decision, principal } = event.metadata;
    return ok({ runId, gateId, decision, principal });
  }
  if (event.eventType !== "gate.refused") {
    throw new Error(`a decision was answered by ${event.eventType}`);
  }
  const { code, hint } = event.metadata;
  return fail(
    code === "GATE_UNKNOWN"
      ? unknownGate(gateId, plan)
      : { code, message: `the decision on gate ${gateId} was refused`, hint },
  );
}

/** A gate that a plan does not have, and which one may have been meant. */
export function unknownGate(gateId: string, plan: Plan): Fault {
  const gates = plan.steps.filter(({ kind }) => kind === "gate.approval").map(({ id }) => id);
  const near = nearestName(gateId, gates);
  const known = gates.length === 0 ? "the run has none" : `there is ${gates.join(", ")}`;
  const hint = near === undefined ? known : `did you mean ${near}?`;
  return faultOf(runCodes, "GATE_UNKNOWN", { gate: gateId }, { hint });
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

const DECISION: KeyUse = {
  what: "the decision",
  hint: "pass --key KEY, or set requester.key in packrun.config.yaml",
};

async function openSigner(given: GateDecision, trust: RunTrust, workplace: Workplace): Promise<Result<Signer>> {
  return given.keyFile === undefined
    ? trust.openRequester(DECISION)
    : workplace.keyring.open(given.keyFile, workplace.password);
}

function sign(
  request: ApprovalRequest,
  { decision, reason }: GateDecision,
  signer: Signer,
  trust: RunTrust,
  workplace: Workplace,
): Promise<Result<SignedStatement>> {
  const approver = trust.root.keys.get(signer.keyid)?.principal ?? signer.keyid;
  const draft = approvalDraft(request, { decision, approver, reason }, timestampOf(workplace.clock.now()));
  return signStatement(signer, draft, workplace);
}
