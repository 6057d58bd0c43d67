import { toBase64 } from "#canon/base64.ts";
import { digestOf, hexOf, type Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import type { RunKey } from "#port/run-store.ts";
import { checkApprovalToken } from "#trust/approval-token.ts";
import { readAddress } from "./approval-address.ts";
import { earlierAnswer } from "./approval-import.ts";
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
  const read = readAddress(response, "the envelope");
  if (!read.ok) {
    return read;
  }
  const name = `decision:${hexOf(digestOf(read.value.payload, workplace.sha256))}`;
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
