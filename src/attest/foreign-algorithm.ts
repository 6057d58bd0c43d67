import { toHex } from "#canon/bytes.ts";

/** Object identifiers (DER content, hex) of key algorithms and curves that exist but are not taken, by name. */
const NAMES: readonly (readonly [string, string])[] = [
  ["2a864886f70d010101", "RSA"],
  ["2a864886f70d01010a", "RSA-PSS"],
  ["2a8648ce380401", "DSA"],
  ["2b81040022", "ECDSA P-384"],
  ["2b81040023", "ECDSA P-521"],
  ["2b8104000a", "ECDSA secp256k1"],
  ["2a8648ce3d030101", "ECDSA P-192"],
  ["2b81040021", "ECDSA P-224"],
  ["2b656e", "X25519"],
  ["2b656f", "X448"],
  ["2b6571", "Ed448"],
  ["608648016503040311", "ML-DSA-44"],
  ["608648016503040312", "ML-DSA-65"],
  ["608648016503040313", "ML-DSA-87"],
];

/**
 * The name of the algorithm of a SubjectPublicKeyInfo: of its curve where it has one. Undefined for bytes that do not
 * begin like one.
 */
export function algorithmName(spkiDer: Uint8Array): string | undefined {
  const header = toHex(spkiDer.subarray(0, 48));
  const match = /^30(?:[0-7].|81..|82....)30(?:[0-7].)06/.exec(header);
  if (match === null) {
    return undefined;
  }
  const known = NAMES.find(([id]) => header.includes(`06${(id.length / 2).toString(16).padStart(2, "0")}${id}`));
  return known?.[1] ?? "an unknown algorithm";
}
