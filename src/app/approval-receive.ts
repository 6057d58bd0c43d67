import { approvalPredicate } from "#attest/approval.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import { toBase64 } from "#canon/base64.ts";
import { digestOf, hexOf, type Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import type { RunKey } from "#port/run-store.ts";
import { checkApprovalToken } from "#trust/approval-token.ts";
import { earlierAnswer } from "./approval-import.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";
import { recordDecision, type DecidedGate } from "./decide-gate.ts";
import type { Workplace } from "./workplace.ts";

/** A signed decision as somebody with a token sends it to a run. */
export type SentDecision = {
  readonly gateId: string;
  /** The plan that the sender means; another one is refused before anything is recorded. */
  readonly planHash: Digest;
  /** The Sigstore bundle, as it came. */
  readonly response: Uint8Array;
  /** Of the token. */
  readonly claims: Readonly<Record<string, unknown>>;
};

/**
 * Records a decision with the run that was addressed. The token only lets its bearer send it: whether it counts is for the
 * signature and the trust root to say, and a refusal stands in the run's ledger. The same response again is answered as it
 * was. Faults: RUN_UNKNOWN, PLAN_HASH_MISMATCH, APPROVAL_TOKEN_*, APPROVAL_UNREADABLE, those of `recordDecision`.
 */
export async function receiveApproval(
  key: RunKey,
  sent: SentDecision,
  workplace: Workplace,
): Promise<Result<DecidedGate & { readonly again: boolean }>> {
  const { gateId, response, claims } = sent;
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const { planHash } = identity.value;
  const allowed = checkApprovalToken(claims, { runId: key.runId, gateId, planHash });
  if (!allowed.ok) {
    return allowed;
  }
  if (sent.planHash !== planHash) {
    return fail(faultOf(planCodes, "PLAN_HASH_MISMATCH", { found: planHash, expected: sent.planHash }));
  }
  const envelope = readSidecar(response, "interop");
  const statement = envelope.ok ? readStatement(envelope.value.payload, approvalPredicate) : envelope;
  if (!envelope.ok || !statement.ok) {
    const { message: problem } = (statement as Extract<typeof statement, { ok: false }>).fault;
    return fail(faultOf(approvalUseCodes, "APPROVAL_UNREADABLE", { file: "the envelope", problem }));
  }
  const name = `decision:${hexOf(digestOf(envelope.value.payload, workplace.sha256))}`;
  const { tries, stands } = await earlierAnswer(key, name, workplace);
  if (stands !== undefined && stands.gateId === gateId) {
    return ok({ ...stands, again: true });
  }
  const commandId = tries === 0 ? name : `${name}:${tries + 1}`;
  const body = { gate: gateId, response: toBase64(response) };
  const command = { commandId, kind: "decision", body } as const;
  const decided = await recordDecision(key, gateId, () => Promise.resolve(ok(command)), workplace);
  return decided.ok ? ok({ ...decided.value, again: false }) : decided;
}
