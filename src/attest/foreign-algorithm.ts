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
 * The name of the algorithm of a whole SubjectPublicKeyInfo (RFC 5280, section 4.1): of its curve where it has one.
 * Undefined for bytes that are none, and for the algorithms that are taken.
 */
export function algorithmName(spkiDer: Uint8Array): string | undefined {
  const whole = derValue(spkiDer, SEQUENCE);
  const algorithm = whole?.rest.length === 0 ? derValue(whole.content, SEQUENCE) : undefined;
  const key = algorithm === undefined ? undefined : derValue(algorithm.rest, BIT_STRING);
  if (algorithm === undefined || key?.rest.length !== 0 || derValue(algorithm.content, OBJECT_ID) === undefined) {
    return undefined;
  }
  const identifier = toHex(algorithm.content);
  if (TAKEN.has(identifier)) {
    return undefined;
  }
  const known = NAMES.find(([id]) => identifier.includes(`06${(id.length / 2).toString(16).padStart(2, "0")}${id}`));
  return known?.[1] ?? "an unknown algorithm";
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const OBJECT_ID = 0x06;
/** Algorithm identifiers of P-256 and Ed25519, without their tag and length. */
const TAKEN: ReadonlySet<string> = new Set(["06072a8648ce3d020106082a8648ce3d030107", "06032b6570"]);

/** Content of the DER value (X.690, section 8.1) that begins these bytes, and what follows it. */
function derValue(
  der: Uint8Array,
  tag: number,
): { readonly content: Uint8Array; readonly rest: Uint8Array } | undefined {
  const [first, short = 0] = der;
  const start = short > 0x7f ? 2 + (short & 0x7f) : 2;
  const long = der.subarray(2, start);
  if (first !== tag || der.length < start || long.length > 4) {
    return undefined;
  }
  const end = start + (short > 0x7f ? long.reduce((length, byte) => length * 256 + byte, 0) : short);
  return end > der.length ? undefined : { content: der.subarray(start, end), rest: der.subarray(end) };
}
