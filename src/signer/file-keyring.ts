import { faultOf } from "#fault/code-table.ts";
import { fail } from "#fault/result.ts";
import type { Keyring } from "#port/keyring.ts";
import type { SignerCommand } from "#port/signer-command.ts";
import { signerCodes } from "./codes.ts";
import { commandSigner } from "./command-signer.ts";
import { nodeSha256, nodeVerifySignature } from "./node-crypto.ts";
import { signWithFile } from "./sign-with-file.ts";
import { writeImportedKey } from "./write-imported-key.ts";
import { writeKeyPair } from "./write-key-pair.ts";

const SIGNER = "signer:";
const NONE_CONFIGURED =
  "there is none: write signers: {NAME: {command: [PROGRAM, …], publicKey: FILE}} into packrun.config.yaml";

/** Keys in files, and signers of the configuration by `signer:NAME`; cryptography by Node. */
export function keyringWith(signers: Readonly<Record<string, SignerCommand>>): Keyring {
  return {
    writePair: writeKeyPair,
    importKey: writeImportedKey,
    open: async (reference, password) => {
      if (!reference.startsWith(SIGNER)) {
        return signWithFile(reference, password);
      }
      const name = reference.slice(SIGNER.length);
      const signer = Object.hasOwn(signers, name) ? signers[name] : undefined;
      if (signer !== undefined) {
        return commandSigner(name, signer);
      }
      const names = Object.keys(signers);
      const known = names.length === 0 ? NONE_CONFIGURED : `there is ${names.join(", ")}`;
      return fail(faultOf(signerCodes, "SIGNER_UNKNOWN", { name, known }));
    },
    verifySignature: nodeVerifySignature,
    sha256: nodeSha256,
  };
}

/** Without any signer of a configuration. */
export const fileKeyring: Keyring = keyringWith({});
