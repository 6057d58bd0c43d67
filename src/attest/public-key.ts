import { toBase64 } from "#canon/base64.ts";
import { concatBytes } from "#canon/bytes.ts";
import type { Sha256 } from "#canon/digest.ts";
import { encodeUtf8 } from "#canon/utf8.ts";

export type KeyAlgorithm = "ecdsa-p256-sha256" | "ed25519";

/** A public key of an algorithm that packrun takes. Made only by `readPublicKey` and `readSpki`. */
export type PublicKey = {
  readonly alg: KeyAlgorithm;
  /** SubjectPublicKeyInfo (RFC 5280, section 4.1): 91 bytes for P-256, 44 for Ed25519. */
  readonly spkiDer: Uint8Array;
  /** The same in PEM, lines of 64 letters, ending in a newline. */
  readonly pem: string;
  /** OpenSSH fingerprint: `SHA256:` and 43 letters of base64 without padding. */
  readonly keyid: string;
};

/**
 * Checks one signature over `message`: DER for ECDSA P-256 with SHA-256, 64 bytes for pure Ed25519. Handed in, because
 * Node answers at once and a browser's WebCrypto with a promise; callers always await. Answers false, never throws,
 * on bytes that are no signature.
 */
export type VerifySignature = (
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
) => boolean | Promise<boolean>;

/** Bytes of SubjectPublicKeyInfo before the point (uncompressed: 04, x, y) or the 32 bytes of the Ed25519 key. */
export const SPKI_PREFIX: Readonly<Record<KeyAlgorithm, readonly number[]>> = {
  "ecdsa-p256-sha256": [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
  ],
  ed25519: [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00],
};

/** What follows the prefix: the 65 bytes of the point, or the 32 bytes of the key. */
export function rawKeyOf(alg: KeyAlgorithm, spkiDer: Uint8Array): Uint8Array {
  return spkiDer.subarray(SPKI_PREFIX[alg].length);
}

/**
 * The fingerprint that `ssh-keygen -l` prints: SHA-256 of the key in OpenSSH's wire form (RFC 4253, section 6.6; RFC
 * 5656, section 3.1; RFC 8709, section 4).
 */
export function fingerprintOf(alg: KeyAlgorithm, spkiDer: Uint8Array, sha256: Sha256): string {
  const raw = rawKeyOf(alg, spkiDer);
  const fields =
    alg === "ed25519"
      ? [encodeUtf8("ssh-ed25519"), raw]
      : [encodeUtf8("ecdsa-sha2-nistp256"), encodeUtf8("nistp256"), raw];
  const wire = concatBytes(...fields.flatMap((field) => [lengthOf(field), field]));
  return `SHA256:${toBase64(sha256(wire)).replace("=", "")}`;
}

/** PEM of a SubjectPublicKeyInfo (RFC 7468, section 13). */
export function publicKeyPem(spkiDer: Uint8Array): string {
  const lines = toBase64(spkiDer).match(/.{1,64}/g) ?? [];
  return ["-----BEGIN PUBLIC KEY-----", ...lines, "-----END PUBLIC KEY-----", ""].join("\n");
}

export const KEYID: RegExp = /^SHA256:[A-Za-z0-9+/]{43}$/;

function lengthOf(field: Uint8Array): Uint8Array {
  return Uint8Array.of(0, 0, field.length >> 8, field.length & 0xff);
}
