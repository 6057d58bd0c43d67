import { createPublicKey, hash, verify, type KeyObject } from "node:crypto";
import type { PublicKey } from "#attest/public-key.ts";
import type { Sha256 } from "#canon/digest.ts";

export const nodeSha256: Sha256 = (bytes) => hash("sha256", bytes, "buffer");

/** Keys are parsed once per object: a trust root's keys are tried on many signatures. */
const parsed = new WeakMap<PublicKey, KeyObject>();

/** `VerifySignature` over OpenSSL; answers at once. */
export function nodeVerifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    const digest = key.alg === "ed25519" ? null : "sha256";
    return verify(digest, message, { key: keyObject(key), dsaEncoding: "der" }, signature);
  } catch {
    return false;
  }
}

function keyObject(key: PublicKey): KeyObject {
  const known = parsed.get(key) ?? createPublicKey({ key: Buffer.from(key.spkiDer), format: "der", type: "spki" });
  parsed.set(key, known);
  return known;
}
