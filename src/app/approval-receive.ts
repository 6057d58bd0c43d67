import { randomUUID } from "node:crypto";
import { toBase64 } from "#canon/base64.ts";
import { digestOf, hexOf, type Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import { checkApprovalToken } from "#trust/approval-token.ts";
import { earlierAnswer } from "./approval-import.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";
import { recordDecision, type DecidedGate } from "./decide-gate.ts";
import { readSentDecision } from "./sent-decision.ts";
import type { Workplace } from "./workplace.ts";

/** A signed decision as somebody with a token sends it to a run. */
export type SentDecision = {
  readonly gateId: string;
  /** The plan that the sender means. */
  readonly planHash: Digest;
  /** The Sigstore bundle, as it came; absent where none did. */
  readonly response?: Uint8Array;
  /** Of the token. */
  readonly claims: Readonly<Record<string, unknown>>;
};

export type ReceivedDecision = DecidedGate & { readonly again: boolean };

/**
 * Records a decision with the run that was addressed. The token only lets its bearer send it: whether it counts is for the
 * signature and the trust root to say. Every refusal of what such a bearer sends stands in the run's ledger, also that of
 * a decision that cannot be judged at all; a bearer whose token is not for this gate writes nothing there. The same response
 * again is answered as it was. Faults: RUN_UNKNOWN, APPROVAL_TOKEN_*, those of `readSentDecision` and of `recordDecision`.
 */
export async function receiveApproval(
  key: RunKey,
  sent: SentDecision,
  workplace: Workplace,
): Promise<Result<ReceivedDecision>> {
  const { gateId, claims, response } = sent;
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const { planHash } = identity.value;
  const allowed = checkApprovalToken(claims, { runId: key.runId, gateId, planHash });
  if (!allowed.ok) {
    return response === undefined ? fail(faultOf(approvalUseCodes, "APPROVAL_ENVELOPE_MISSING")) : allowed;
  }
  const read = readSentDecision(sent, identity.value);
  if (!read.ok) {
    const refused = await record(key, sent, `decision:${randomUUID()}`, workplace);
    // The ledger says of it what is said here, unless the gate or the run takes no decision any more.
    return !refused.ok && refused.fault.code === read.fault.code ? read : refused;
  }
  const name = `decision:${hexOf(digestOf(read.value.payload, workplace.sha256))}`;
  const { tries, stands } = await earlierAnswer(key, name, workplace);
  return stands !== undefined && stands.gateId === gateId
    ? ok({ ...stands, again: true })
    : record(key, sent, tries === 0 ? name : `${name}:${tries + 1}`, workplace);
}

/** The plan that the sender means goes along: whoever takes the command out of the inbox holds it to the run once more. */
async function record(
  key: RunKey,
  { gateId, planHash, response }: SentDecision,
  commandId: string,
  workplace: Workplace,
): Promise<Result<ReceivedDecision>> {
  const body = { gate: gateId, planHash, ...(response === undefined ? {} : { response: toBase64(response) }) };
  const command = { commandId, kind: "decision", body } as const;
  const decided = await recordDecision(key, gateId, () => Promise.resolve(ok(command)), workplace);
  return decided.ok ? ok({ ...decided.value, again: false }) : decided;
}
