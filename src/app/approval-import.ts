import { toBase64 } from "#canon/base64.ts";
import { digestOf, hexOf } from "#canon/digest.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import { readAddress, type ApprovalAddress } from "./approval-address.ts";
import { recordDecision, type DecidedGate } from "./decide-gate.ts";
import { readUserFile } from "./user-file.ts";
import type { Workplace } from "./workplace.ts";

/** A response that was brought here. `again`: it was recorded before, and stands. */
export type ImportedResponse = DecidedGate & { readonly again: boolean };

/**
 * Records a response that was signed elsewhere, by packrun or by another signer, with the run that it names. Refusals stand
 * in that run's ledger. The same response counts once; one that was refused is judged anew when it is brought again.
 * Faults: USER_FILE_READ, APPROVAL_UNREADABLE (nobody can tell which run it decides), and those of `recordDecision`.
 */
export async function importApproval(file: string, workplace: Workplace): Promise<Result<ImportedResponse>> {
  const response = await readResponse(file);
  if (!response.ok) {
    return response;
  }
  const { approval, payload, bytes } = response.value;
  const key: RunKey = { tenantId: workplace.settings.tenantId, runId: approval.runId };
  const name = `decision:${hexOf(digestOf(payload, workplace.sha256))}`;
  const known = await workplace.store.ledger.identity(key);
  const before = known.ok ? await earlierAnswer(key, name, workplace) : { tries: 0 };
  if (before.stands !== undefined) {
    return ok({ ...before.stands, again: true });
  }
  const commandId = before.tries === 0 ? name : `${name}:${before.tries + 1}`;
  const body = { gate: approval.gateId, response: toBase64(bytes) };
  const command = { commandId, kind: "decision", body } as const;
  const decided = await recordDecision(key, approval.gateId, () => Promise.resolve(ok(command)), workplace);
  return decided.ok ? ok({ ...decided.value, again: false }) : decided;
}

/** A response as its file has it; `approval` is where it is addressed to, and no more. */
export type ReadResponse = {
  readonly approval: ApprovalAddress;
  readonly payload: Uint8Array;
  readonly bytes: Uint8Array;
};

/**
 * Only as much as is needed to find the run; whether it counts is for the run to say. Faults: USER_FILE_READ,
 * APPROVAL_UNREADABLE.
 */
export async function readResponse(file: string): Promise<Result<ReadResponse>> {
  const bytes = await readUserFile(file);
  const read = bytes.ok ? readAddress(bytes.value, file) : bytes;
  return bytes.ok && read.ok
    ? ok({ approval: read.value.address, payload: read.value.payload, bytes: bytes.value })
    : (read as Result<never>);
}

type Earlier = { readonly tries: number; readonly stands?: DecidedGate };

/** What the ledger says of a response that was sent before: how often it was refused, and the decision that stands. */
export async function earlierAnswer(key: RunKey, name: string, { store }: Workplace): Promise<Earlier> {
  const tries = new Set<string>();
  let stands: DecidedGate | undefined;
  for await (const event of store.ledger.read(key)) {
    if (event.eventType !== "gate.decision" && event.eventType !== "gate.refused") {
      continue;
    }
    const { commandId } = event.metadata;
    if (commandId !== name && !commandId.startsWith(`${name}:`)) {
      continue;
    }
    tries.add(commandId);
    // A refusal behind a decision takes it back.
    stands = undefined;
    if (event.eventType === "gate.decision") {
      const { decision, principal } = event.metadata;
      stands = { runId: key.runId, gateId: event.stepId ?? "", decision, principal };
    }
  }
  return stands === undefined ? { tries: tries.size } : { tries: tries.size, stands };
}
