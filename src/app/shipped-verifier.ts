import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { digestOfHex } from "#canon/digest.ts";
import type { VerifierName } from "#evidence/evidence-manifest.ts";

/** The single-file verifier of this package: the same place beside `src` and beside `dist`. */
const SHIPPED_VERIFIER = new URL("../../scripts/packs/verify_offline_bundle.mjs", import.meta.url);

/** Names the verifier that a manifest recommends: whoever wants to use it can check that it is the one. */
export async function shippedVerifier(version: string): Promise<VerifierName> {
  const hex = createHash("sha256")
    .update(await readFile(SHIPPED_VERIFIER))
    .digest("hex");
  return { name: "verify_offline_bundle.mjs", version, digest: digestOfHex(hex) };
}
