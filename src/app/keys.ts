import { basename } from "node:path";
import type { KeyAlgorithm } from "#attest/public-key.ts";
import { readOpensshKeys } from "#attest/openssh-key.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { ok, type Result } from "#fault/result.ts";
import type { AskPassword, ImportedKey, Keyring, KeyPair } from "#port/keyring.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { keyFileFault } from "./file-fault.ts";
import { readBoundedText } from "./read-bounded.ts";

/** What may be told of a key. */
export type KeyFacts = {
  readonly keyid: string;
  readonly algorithm: KeyAlgorithm;
  readonly publicKey: string;
  /** Whether the file holds the private key too. */
  readonly private: boolean;
};

/**
 * `keys generate NAME`: NAME.key and NAME.pub. `password` encrypts the private key, an empty one is refused; without one it
 * is plain, guarded by its mode 600 alone.
 */
export function generateKeys(
  given: { readonly name: string; readonly algorithm?: KeyAlgorithm; readonly password?: string },
  keyring: Keyring,
): Promise<Result<KeyPair>> {
  return keyring.writePair(given.name, given.algorithm ?? "ecdsa-p256-sha256", given.password);
}

/**
 * `keys import FILE`: keys of cosign and of other tools in PEM, public keys of OpenSSH. NAME is that of the file without its
 * ending unless given.
 */
export function importKeys(
  given: { readonly file: string; readonly name?: string },
  keyring: Keyring,
  password: AskPassword,
): Promise<Result<readonly ImportedKey[]>> {
  const name = given.name ?? basename(given.file).replace(/\.(?:pub|key|pem)$/, "");
  return keyring.importKey(name, given.file, password);
}

/** `keys show FILE`, for a public key in PEM or of OpenSSH, a private key, or `signer:NAME` of the configuration. */
export async function showKey(reference: string, keyring: Keyring, password: AskPassword): Promise<Result<KeyFacts>> {
  const text = reference.startsWith("signer:") ? ok(undefined) : await readText(reference);
  if (!text.ok) {
    return text;
  }
  if (text.value?.includes("PRIVATE KEY-----") === false) {
    const [line] = readOpensshKeys(text.value, keyring.sha256) ?? [];
    const key = line?.key ?? readPublicKey(text.value, keyring.sha256);
    return key.ok
      ? ok({ keyid: key.value.keyid, algorithm: key.value.alg, publicKey: key.value.pem, private: false })
      : key;
  }
  const signer = await keyring.open(reference, password);
  if (!signer.ok) {
    return signer;
  }
  const { keyid, algorithm, publicKey } = signer.value;
  return ok({ keyid, algorithm, publicKey, private: true });
}

async function readText(path: string): Promise<Result<string>> {
  try {
    return ok(await readBoundedText(path, DOCUMENT_LIMIT));
  } catch (error) {
    return keyFileFault(path, error);
  }
}
