import { toHex } from "#canon/bytes.ts";

/** SP 800-186, section 3.2.1.3. */
const P256_PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** RFC 8032, section 5.1. */
const ED25519_PRIME = 2n ** 255n - 19n;

/** Whether 65 bytes are an uncompressed point (SEC 1, section 2.3.3) that lies on P-256. */
export function isP256Point(point: Uint8Array): boolean {
  if (point.length !== 65 || point[0] !== 0x04) {
    return false;
  }
  const x = unsigned(point.subarray(1, 33));
  const y = unsigned(point.subarray(33));
  const inField = x < P256_PRIME && y < P256_PRIME;
  return inField && (y * y - (x * x * x - 3n * x + P256_B)) % P256_PRIME === 0n;
}

/** Whether 32 bytes are the one encoding of their y coordinate: little-endian, below the prime, top bit the sign of x. */
export function isEd25519Point(key: Uint8Array): boolean {
  if (key.length !== 32) {
    return false;
  }
  const y = unsigned(key.toReversed()) & (2n ** 255n - 1n);
  return y < ED25519_PRIME;
}

export function unsigned(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${toHex(bytes)}`);
}
