import type { Keyring } from "#port/keyring.ts";
import { nodeSha256, nodeVerifySignature } from "./node-crypto.ts";
import { signWithFile } from "./sign-with-file.ts";
import { writeKeyPair } from "./write-key-pair.ts";

/** Keys in files, cryptography by Node. */
export const fileKeyring: Keyring = {
  writePair: writeKeyPair,
  open: signWithFile,
  verifySignature: nodeVerifySignature,
  sha256: nodeSha256,
};
