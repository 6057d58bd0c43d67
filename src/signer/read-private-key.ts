import { createPrivateKey, type KeyObject } from "node:crypto";
import { attestCodes } from "#attest/codes.ts";
import { fromBase64 } from "#canon/base64.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { AskPassword } from "#port/keyring.ts";
import { signerCodes } from "./codes.ts";
import { opensshKeyType } from "./openssh-private-key.ts";
import { SEALED_LABELS, unsealKey, type Unsealed } from "./sealed-key.ts";

/** Labels that say of which algorithm the key is. */
const FOREIGN_LABELS: Readonly<Record<string, string>> = { "RSA PRIVATE KEY": "RSA", "DSA PRIVATE KEY": "DSA" };

const PEM = /^\s*-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----\s*$/;

/** Lines of OpenSSH that hold a public key. */
const OPENSSH_PUBLIC = /^\s*(?:ssh-|ecdsa-sha2-|sk-)/;

/** Whether there is a private key of any kind in a text, damaged or not. */
export function holdsPrivateKey(text: string): boolean {
  return text.includes("PRIVATE KEY-----");
}

/**
 * Reads a private key: PKCS#8 in PEM, plain or encrypted, or a key that cosign encrypted. `file` is for messages only.
 * Faults: KEY_FORMAT, KEY_PASSWORD_MISSING, KEY_PASSWORD. No fault repeats anything of the key.
 */
export async function readPrivateKey(pem: string, file: string, password: AskPassword): Promise<Result<KeyObject>> {
  const [, label = "", base64 = ""] = PEM.exec(pem) ?? [];
  const body = fromBase64(base64.replaceAll(/\s+/g, ""));
  if (label === "PUBLIC KEY" || OPENSSH_PUBLIC.test(pem)) {
    return format(file, "it is a public key", privateHint(file));
  }
  if (label === "" || body === undefined) {
    return format(file, "it is not one PEM block");
  }
  if (label === "PRIVATE KEY") {
    return importPkcs8(body, file);
  }
  if (label !== "ENCRYPTED PRIVATE KEY" && !SEALED_LABELS.includes(label)) {
    return foreignBlock(label, body, file);
  }
  const secret = await password();
  if (secret === undefined) {
    return fail(faultOf(signerCodes, "KEY_PASSWORD_MISSING", { file }));
  }
  const opened = label === "ENCRYPTED PRIVATE KEY" ? openPkcs8(body, secret) : await unsealKey(body, secret);
  switch (opened.kind) {
    case "damaged":
      return format(file, "the encrypted key is damaged or uses unknown settings");
    case "wrongPassword":
      return fail(faultOf(signerCodes, "KEY_PASSWORD", { file }));
    case "key":
      return importPkcs8(opened.pkcs8, file);
  }
}

/** Pairs of `packrun keys generate` are NAME.key and NAME.pub. */
function privateHint(file: string): string {
  const other = file.endsWith(".pub") ? `name ${file.slice(0, -".pub".length)}.key` : "name the private one";
  return `this is the public half of a key; ${other}`;
}

/** OpenSSL does not tell a wrong password from damage; the structure is looked at for that. */
function openPkcs8(body: Uint8Array, passphrase: string): Unsealed {
  if (body[0] !== 0x30 || body.length < 64) {
    return { kind: "damaged" };
  }
  try {
    const key = createPrivateKey({ key: Buffer.from(body), format: "der", type: "pkcs8", passphrase });
    return { kind: "key", pkcs8: key.export({ format: "der", type: "pkcs8" }) };
  } catch {
    return { kind: "wrongPassword" };
  }
}

function importPkcs8(der: Uint8Array, file: string): Result<KeyObject> {
  try {
    return ok(createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" }));
  } catch {
    return format(file, "it holds no PKCS#8 private key");
  } finally {
    der.fill(0);
  }
}

/** Key files of other tools: refused by their algorithm where it is not taken, else with the way to convert them. */
function foreignBlock(label: string, body: Uint8Array, file: string): Result<never> {
  const problem = `a PEM block of type ${label} is not read`;
  if (label === "OPENSSH PRIVATE KEY") {
    const alg = opensshKeyType(body) ?? "";
    if (alg !== "" && alg !== "ed25519" && alg !== "ecdsa-p256-sha256") {
      return fail(faultOf(attestCodes, "KEY_ALGORITHM", { name: alg }));
    }
    const hint =
      alg === "ed25519"
        ? "OpenSSH keeps Ed25519 keys in its own form: make another with `packrun keys generate NAME --ed25519`"
        : `convert a copy of it: ssh-keygen -p -m PKCS8 -f ${file}`;
    return format(file, problem, hint);
  }
  const foreign = Object.hasOwn(FOREIGN_LABELS, label) ? FOREIGN_LABELS[label] : undefined;
  return foreign === undefined ? format(file, problem) : fail(faultOf(attestCodes, "KEY_ALGORITHM", { name: foreign }));
}

function format(file: string, problem: string, hint?: string): Result<never> {
  return fail(faultOf(signerCodes, "KEY_FORMAT", { file, problem }, hint === undefined ? {} : { hint }));
}
