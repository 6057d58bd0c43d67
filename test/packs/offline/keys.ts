import { createHash, createPrivateKey } from "node:crypto";
import { fromPrivateKey, type TestKey } from "../../attest/signing.ts";

/** Before the 32 bytes of an Ed25519 private key in PKCS#8 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** PUBLIC test keys: everybody can make them again from the names below. Nothing real may ever trust one of them. */
const SEED = "packrun offline-bundles, public test key of ";

function keyOf(name: string): TestKey {
  const seed = createHash("sha256").update(`${SEED}${name}`).digest();
  return fromPrivateKey(createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" }));
}

/** Ed25519 throughout, so that the same words always get the same signature. The stranger is in no trust root. */
export const keys = {
  root: keyOf("root"),
  publisher: keyOf("publisher"),
  /** Published until 2024. */
  "publisher-before": keyOf("publisher-before"),
  requester: keyOf("requester"),
  attestor: keyOf("attestor"),
  "approver-1": keyOf("approver-1"),
  "approver-2": keyOf("approver-2"),
  revoker: keyOf("revoker"),
  stranger: keyOf("stranger"),
} as const;
export type Holder = keyof typeof keys;
