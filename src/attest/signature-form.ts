import { P256_ORDER, unsigned } from "./curve-point.ts";
import type { KeyAlgorithm } from "./public-key.ts";

/**
 * Whether these bytes have the one form of a signature of this algorithm: for ECDSA the DER of two integers from 1 to
 * the order less one, shortest encoding, nothing behind (RFC 3279, section 2.2.3; X.690, section 8.3); for Ed25519
 * 64 bytes (RFC 8032, section 5.1.6).
 */
export function isSignatureOf(alg: KeyAlgorithm, signature: Uint8Array): boolean {
  return alg === "ed25519" ? signature.length === 64 : isEcdsaDer(signature);
}

/** Whether these bytes have the form of a signature of any algorithm that is taken. */
export function isSignature(signature: Uint8Array): boolean {
  return isSignatureOf("ed25519", signature) || isSignatureOf("ecdsa-p256-sha256", signature);
}

/** The DER of two integers and nothing else. */
function isEcdsaDer(der: Uint8Array): boolean {
  const r = der[0] === 0x30 && der[1] === der.length - 2 ? integerEnd(der, 2) : undefined;
  return r !== undefined && integerEnd(der, r) === der.length;
}

/** Where the integer that begins at `at` ends; undefined unless it is in its shortest form and in range. */
function integerEnd(der: Uint8Array, at: number): number | undefined {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  const [first = 0, second = 0] = der.subarray(at + 2, end);
  const padded = first === 0;
  if (der[at] !== 0x02 || length < 1 || length > 33 || end > der.length || first > 0x7f || (padded && second <= 0x7f)) {
    return undefined;
  }
  const magnitude = der.subarray(at + 2 + Number(padded), end);
  return magnitude.length <= 32 && unsigned(magnitude) < P256_ORDER ? end : undefined;
}
