import { pae } from "#attest/pae.ts";
import type { VerifySignature } from "#attest/public-key.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { bundleBytes, PAYLOAD_TYPE } from "#attest/sidecar.ts";
import { statementBytes, type Predicate } from "#attest/statement.ts";
import { verifyEnvelope } from "#attest/verify-envelope.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Signer } from "#port/signer.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

/** What is to be said of which files; the sidecar stands beside the first. */
export type StatementDraft<P> = {
  readonly predicate: Predicate<P>;
  readonly subjects: readonly { readonly name: string; readonly digest: Digest }[];
  readonly value: P;
};

export type SignedStatement = {
  /** The bytes of the `.sigstore.json` file. */
  readonly sidecar: Uint8Array;
  /** Names the attestation. */
  readonly payloadDigest: Digest;
};

export type SigningTools = { readonly verifySignature: VerifySignature; readonly sha256: Sha256 };

/**
 * Signs a statement. What the signer gives back is read and verified like anyone's, so that a broken or exchanged signer
 * is noticed here. Fault: SIGNER_RESULT, or the signer's own.
 */
export async function signStatement<P>(
  signer: Signer,
  draft: StatementDraft<P>,
  tools: SigningTools,
): Promise<Result<SignedStatement>> {
  const payload = statementBytes(draft.predicate, draft.subjects, draft.value);
  const sidecar = await signPayload(signer, payload, tools);
  return sidecar.ok ? ok({ sidecar: sidecar.value, payloadDigest: digestOf(payload, tools.sha256) }) : sidecar;
}

async function signPayload(signer: Signer, payload: Uint8Array, tools: SigningTools): Promise<Result<Uint8Array>> {
  const key = readPublicKey(signer.publicKey, tools.sha256);
  if (!key.ok) {
    return key;
  }
  const signature = await signer.sign(pae(PAYLOAD_TYPE, payload));
  if (!signature.ok) {
    return signature;
  }
  const bytes = bundleBytes({ payload, signature: signature.value, keyid: signer.keyid });
  const envelope = readSidecar(bytes, "own");
  if (!envelope.ok) {
    return wrong(signer, envelope.fault);
  }
  const verified = await verifyEnvelope(envelope.value, key.value, tools.verifySignature);
  return verified.ok ? ok(bytes) : wrong(signer, verified.fault);
}

function wrong(signer: Signer, fault: Fault): Result<never> {
  return fail(faultOf(trustUseCodes, "SIGNER_RESULT", { keyid: signer.keyid, problem: fault.message }));
}
