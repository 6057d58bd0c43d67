import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** A file that `rego/compile` made. */
export function compiled(name: string): Uint8Array {
  return readFileSync(new URL(`rego/${name}`, import.meta.url));
}

export function moduleDigest(module: Uint8Array): Digest {
  return digestOf(module, sha256);
}
