import { attestCodes } from "#attest/codes.ts";
import type { VerifySignature } from "#attest/public-key.ts";
import type { Envelope } from "#attest/sidecar.ts";
import { checkKeyid, isSignedBy } from "#attest/verify-envelope.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { trustCodes } from "./codes.ts";
import { holdersOf } from "./role.ts";
import type { TrustedKey, TrustRoot } from "./trust-root.ts";

/**
 * The key of the trust root that made this signature. Keys that hold one of `roles` are tried first, then all others;
 * the envelope's own keyid selects nothing, it only tells the two faults apart: SIGNATURE_INVALID (it names a key of the
 * root) and SIGNATURE_KEY_UNKNOWN. ENVELOPE_KEYID: signed by a known key under the name of another.
 */
export async function findSigner(
  envelope: Envelope,
  root: TrustRoot,
  roles: readonly string[],
  verifySignature: VerifySignature,
): Promise<Result<TrustedKey>> {
  const holders = holdersOf(root, roles);
  const keys = [...root.keys.values()];
  const order = [
    ...keys.filter(({ key }) => holders.has(key.keyid)),
    ...keys.filter(({ key }) => !holders.has(key.keyid)),
  ];
  for (const candidate of order) {
    if (await isSignedBy(envelope, candidate.key, verifySignature)) {
      const named = checkKeyid(envelope, candidate.key);
      return named.ok ? ok(candidate) : named;
    }
  }
  const { keyid = "none" } = envelope;
  return root.keys.has(keyid)
    ? fail(faultOf(attestCodes, "SIGNATURE_INVALID", { keyid }))
    : fail(faultOf(trustCodes, "SIGNATURE_KEY_UNKNOWN", { keyid, trustDomain: root.document.trustDomain }));
}
