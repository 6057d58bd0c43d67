import { createHash } from "node:crypto";
import type { StreamHash } from "#verify/bundle-source.ts";

/** A SHA-256 that takes its input in pieces. */
export function startNodeHash(): StreamHash {
  const hash = createHash("sha256");
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest() };
}
