import { readOpensshKeys } from "#attest/openssh-key.ts";
import type { PublicKey } from "#attest/public-key.ts";
import { readPublicKey } from "#attest/read-public-key.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { AskPassword, ImportedKey } from "#port/keyring.ts";
import { keySigner } from "./key-signer.ts";
import { nodeSha256 } from "./node-crypto.ts";
import { readKeyText } from "./read-key-text.ts";
import { holdsPrivateKey, readPrivateKey } from "./read-private-key.ts";
import { readKeyFile } from "./sign-with-file.ts";
import { writeBoth, writeNew } from "./write-key-pair.ts";

/**
 * Takes over keys of other tools. A private key: NAME.key is its file as it is, encrypted as it was, with mode 600, and
 * NAME.pub its public key; it is opened once, so that none is taken over that cannot sign. Public keys, in PEM or in lines of
 * OpenSSH: NAME.pub, of several NAME-1.pub, NAME-2.pub and so on, all or none of them read. Faults: KEY_FILE, those of
 * `signWithFile` and `readOpensshKeys`, KEY_EXISTS.
 */
export async function writeImportedKey(
  name: string,
  from: string,
  password: AskPassword,
): Promise<Result<readonly ImportedKey[]>> {
  const text = await readKeyText(from);
  if (!text.ok) {
    return text;
  }
  return holdsPrivateKey(text.value) ? importPrivate(name, from, password) : importPublic(name, from, text.value);
}

async function importPrivate(
  name: string,
  from: string,
  password: AskPassword,
): Promise<Result<readonly ImportedKey[]>> {
  const text = await readKeyFile(from);
  const key = text.ok ? await readPrivateKey(text.value, from, password) : text;
  if (!text.ok || !key.ok) {
    return key as Result<never>;
  }
  const signer = keySigner(key.value);
  const pair = signer.ok ? await writeBoth(name, text.value, signer.value) : signer;
  return pair.ok ? ok([pair.value]) : pair;
}

async function importPublic(name: string, from: string, text: string): Promise<Result<readonly ImportedKey[]>> {
  const keys = readKeys(text, from);
  if (!keys.ok) {
    return keys;
  }
  const written: ImportedKey[] = [];
  for (const [at, { keyid, alg: algorithm, pem: publicKey }] of keys.value.entries()) {
    const publicFile = keys.value.length === 1 ? `${name}.pub` : `${name}-${at + 1}.pub`;
    const kept = await writeNew(publicFile, publicKey, 0o644);
    if (!kept.ok) {
      return kept;
    }
    written.push({ keyid, algorithm, publicFile, publicKey });
  }
  return ok(written);
}

function readKeys(text: string, from: string): Result<readonly PublicKey[]> {
  const lines = readOpensshKeys(text, nodeSha256);
  if (lines === undefined) {
    const key = readPublicKey(text, nodeSha256);
    return key.ok ? ok([key.value]) : key;
  }
  const keys: PublicKey[] = [];
  for (const { line, key } of lines) {
    if (!key.ok) {
      return fail({ ...key.fault, place: { file: from, pointer: `:${line}` } });
    }
    keys.push(key.value);
  }
  return ok(keys);
}
