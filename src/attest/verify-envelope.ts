import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { attestCodes } from "./codes.ts";
import { pae } from "./pae.ts";
import type { PublicKey, VerifySignature } from "./public-key.ts";
import type { Envelope } from "./sidecar.ts";
import { isSignatureOf } from "./signature-form.ts";

/** Whether this key made the envelope's signature. */
export async function isSignedBy(
  envelope: Envelope,
  key: PublicKey,
  verifySignature: VerifySignature,
): Promise<boolean> {
  return (
    isSignatureOf(key.alg, envelope.signature) &&
    (await verifySignature(key, pae(envelope.payloadType, envelope.payload), envelope.signature))
  );
}

/**
 * Checks an envelope against one known key. Faults: SIGNATURE_INVALID, and ENVELOPE_KEYID when the envelope names
 * another key than the one that signed.
 */
export async function verifyEnvelope(
  envelope: Envelope,
  key: PublicKey,
  verifySignature: VerifySignature,
): Promise<Result<void>> {
  if (!(await isSignedBy(envelope, key, verifySignature))) {
    return fail(faultOf(attestCodes, "SIGNATURE_INVALID", { keyid: key.keyid }));
  }
  return checkKeyid(envelope, key);
}

/** An envelope may leave its keyid out (interop); one that is there must be the fingerprint of the key that signed. */
export function checkKeyid(envelope: Envelope, key: PublicKey): Result<void> {
  const { keyid = key.keyid } = envelope;
  return keyid === key.keyid
    ? ok(undefined)
    : fail(faultOf(attestCodes, "ENVELOPE_KEYID", { problem: `it names another key than ${key.keyid}, which signed` }));
}
