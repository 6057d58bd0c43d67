import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { KeyAlgorithm } from "#attest/public-key.ts";
import { toBase64 } from "#canon/base64.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode, systemProblem } from "#fault/system-problem.ts";
import type { KeyPair } from "#port/keyring.ts";
import type { Signer } from "#port/signer.ts";
import { signerCodes } from "./codes.ts";
import { keySigner } from "./key-signer.ts";
import { sealKey } from "./sealed-key.ts";

/** A new key in memory; `signer` signs with it. */
type NewKey = { readonly privateKey: KeyObject; readonly signer: Signer };

function generateKey(algorithm: KeyAlgorithm): NewKey {
  const { privateKey } =
    algorithm === "ed25519" ? generateKeyPairSync("ed25519") : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = keySigner(privateKey);
  if (!signer.ok) {
    throw new Error(signer.fault.message);
  }
  return { privateKey, signer: signer.value };
}

/**
 * Makes a key and writes NAME.key (mode 600) and NAME.pub (mode 644), both or none. With a password the private key is
 * encrypted in cosign's form, without one it is plain PKCS#8. An empty password would protect nothing, and whoever gives
 * one does not ask for a plain key. Faults: KEY_PASSWORD_MISSING, KEY_EXISTS, KEY_FILE.
 */
export async function writeKeyPair(name: string, algorithm: KeyAlgorithm, password?: string): Promise<Result<KeyPair>> {
  if (password === "") {
    return fail(faultOf(signerCodes, "KEY_PASSWORD_MISSING", { file: `${name}.key` }));
  }
  const { privateKey, signer } = generateKey(algorithm);
  return writeBoth(name, await privatePem(privateKey, password), signer);
}

/** Writes the text of a private key, and its public key, both or none. Faults: KEY_EXISTS, KEY_FILE. */
export async function writeBoth(name: string, privateText: string, signer: Signer): Promise<Result<KeyPair>> {
  const privateFile = `${name}.key`;
  const publicFile = `${name}.pub`;
  const kept = await writeNew(privateFile, privateText, 0o600);
  if (!kept.ok) {
    return kept;
  }
  const shown = await writeNew(publicFile, signer.publicKey, 0o644);
  if (!shown.ok) {
    await rm(privateFile);
    return shown;
  }
  await syncFolder(dirname(privateFile));
  const { keyid, algorithm, publicKey } = signer;
  return ok({ keyid, algorithm, privateFile, publicFile, publicKey });
}

async function privatePem(key: KeyObject, password: string | undefined): Promise<string> {
  if (password === undefined) {
    return String(key.export({ format: "pem", type: "pkcs8" }));
  }
  const sealed = await sealKey(key.export({ format: "der", type: "pkcs8" }), password);
  const lines = toBase64(sealed).match(/.{1,64}/g) ?? [];
  const label = "ENCRYPTED SIGSTORE PRIVATE KEY";
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

/** Writes a file that must not be there yet. Faults: KEY_EXISTS, KEY_FILE. */
export async function writeNew(path: string, text: string, mode: number): Promise<Result<void>> {
  try {
    await using file = await open(path, "wx", mode);
    await file.writeFile(text);
    await file.sync();
    return ok(undefined);
  } catch (error) {
    const exists = systemCode(error) === "EEXIST";
    return fail(
      faultOf(signerCodes, exists ? "KEY_EXISTS" : "KEY_FILE", { file: path, problem: systemProblem(error) }),
    );
  }
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, "r");
  await folder.sync();
}
