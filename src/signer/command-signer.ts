import { readPublicKey } from "#attest/read-public-key.ts";
import type { PublicKey } from "#attest/public-key.ts";
import { isSignatureOf } from "#attest/signature-form.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Signer } from "#port/signer.ts";
import type { SignerCommand } from "#port/signer-command.ts";
import { signerCodes } from "./codes.ts";
import { nodeSha256, nodeVerifySignature } from "./node-crypto.ts";
import { readKeyText } from "./read-key-text.ts";
import { runSigner } from "./run-signer.ts";

/**
 * A signer behind a command: a key in a KMS, a PKCS#11 token or a security key. Nothing that it writes is believed before
 * it was verified with its public key. Faults here: KEY_FILE, those of `readPublicKey`; of `sign`: SIGNER_FAILED,
 * SIGNER_TIMEOUT, SIGNER_OUTPUT, SIGNER_SIGNATURE.
 */
export async function commandSigner(name: string, signer: SignerCommand): Promise<Result<Signer>> {
  const pem = await readKeyText(signer.publicKey);
  const key = pem.ok ? readPublicKey(pem.value, nodeSha256) : pem;
  if (!key.ok) {
    return key;
  }
  const { keyid, alg, pem: publicKey } = key.value;
  return ok({
    keyid,
    algorithm: alg,
    publicKey,
    sign: async (bytes) => {
      const output = await runSigner(name, signer, bytes);
      return output.ok ? checkOutput(name, key.value, bytes, output.value) : output;
    },
  });
}

function checkOutput(name: string, key: PublicKey, bytes: Uint8Array, output: Uint8Array): Result<Uint8Array> {
  if (!isSignatureOf(key.alg, output)) {
    return fail(faultOf(signerCodes, "SIGNER_OUTPUT", { name, problem: formProblem(key, output) }));
  }
  return nodeVerifySignature(key, bytes, output)
    ? ok(output)
    : fail(faultOf(signerCodes, "SIGNER_SIGNATURE", { name, keyid: key.keyid }));
}

function formProblem({ alg }: PublicKey, { length }: Uint8Array): string {
  if (length === 0) {
    return "its output is empty";
  }
  return alg === "ecdsa-p256-sha256" && length === 64
    ? "64 bytes, as of r and s side by side; DER is asked for"
    : `${length} bytes that are no ${alg === "ed25519" ? "Ed25519" : "DER"} signature`;
}
