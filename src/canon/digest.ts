import { toHex } from "./bytes.ts";
import { canonicalBytes } from "./canonical-json.ts";

declare const brand: unique symbol;

/** `sha256:` and 64 lower-case hex digits. Made only by `parseDigest`, `digestOf` and `digestOfHex`. */
export type Digest = string & { readonly [brand]: "Digest" };

/** SHA-256 of the bytes, 32 bytes long. Handed in: `node:crypto` at the edges, a portable one in the verifier. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array;

const PATTERN = /^sha256:[0-9a-f]{64}$/;

export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && PATTERN.test(text);
}

export function parseDigest(text: string): Digest | undefined {
  return isDigest(text) ? text : undefined;
}

export function digestOf(bytes: Uint8Array, sha256: Sha256): Digest {
  return `sha256:${toHex(sha256(bytes))}` as Digest;
}

/** The digest of a value's canonical JSON bytes. */
export function digestOfJson(value: unknown, sha256: Sha256): Digest {
  return digestOf(canonicalBytes(value), sha256);
}

/** The bare hex of a digest, as members named `sha256` hold it. */
export function hexOf(digest: Digest): string {
  return digest.slice("sha256:".length);
}

/** The digest of bare hex. Throws when it is not 64 lower-case hex digits: callers hand in checked data. */
export function digestOfHex(hex: string): Digest {
  const digest = `sha256:${hex}`;
  if (!isDigest(digest)) {
    throw new Error("not the hex of a SHA-256");
  }
  return digest;
}
