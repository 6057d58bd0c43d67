import { execFileSync } from "node:child_process";
import { createPublicKey, generateKeyPairSync, scryptSync } from "node:crypto";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import t from "tap";
import { readPublicKey } from "#attest/read-public-key.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import { signWithFile } from "#signer/sign-with-file.ts";
import { code, value } from "../attest/signing.ts";
import { folder } from "./folder.ts";

const nobody = (): Promise<undefined> => Promise.resolve(undefined);
const never = (): Promise<never> => Promise.reject(new Error("no password is needed here"));
const saying =
  (password: string): (() => Promise<string>) =>
  () =>
    Promise.resolve(password);

function keyFile(dir: string, pem: string | Buffer, mode = 0o600): string {
  const path = join(dir, "a.key");
  writeFileSync(path, pem);
  chmodSync(path, mode);
  return path;
}

const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
const plain = p256.export({ type: "pkcs8", format: "pem" });

async function signs(path: string, password: () => Promise<string | undefined>): Promise<boolean> {
  const signer = value(await signWithFile(path, password));
  const message = encodeUtf8("message");
  const key = value(readPublicKey(signer.publicKey, nodeSha256));
  return key.keyid === signer.keyid && nodeVerifySignature(key, message, value(await signer.sign(message)));
}

t.test("plain PKCS#8 keys of both algorithms sign, without asking for a password", async (t) => {
  t.ok(await signs(keyFile(folder(t), plain), never));
  const ed25519 = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  t.ok(await signs(keyFile(folder(t), ed25519), never));
});

t.test("a key that openssl encrypted opens with its password", async (t) => {
  const dir = folder(t);
  const pem = execFileSync("openssl", ["pkcs8", "-topk8", "-passout", "pass:secret"], { input: plain });
  const path = keyFile(dir, pem);
  t.ok(await signs(path, saying("secret")));
  t.equal(code(await signWithFile(path, saying("wrong"))), "KEY_PASSWORD");
  t.equal(code(await signWithFile(path, nobody)), "KEY_PASSWORD_MISSING");
});

t.test("keys that cosign encrypted open under both labels, the empty password included", async (t) => {
  for (const [label, password] of [
    ["ENCRYPTED SIGSTORE PRIVATE KEY", "secret"],
    ["ENCRYPTED COSIGN PRIVATE KEY", ""],
  ] as const) {
    const salt = Buffer.alloc(32, 1);
    const nonce = Buffer.alloc(24, 2);
    const key = scryptSync(password, salt, 32, { N: 32_768, r: 8, p: 1, maxmem: 2 ** 27 });
    const box = xsalsa20poly1305(key, nonce).encrypt(p256.export({ type: "pkcs8", format: "der" }));
    const kdf = { name: "scrypt", params: { N: 32_768, r: 8, p: 1 }, salt: salt.toString("base64") };
    const cipher = { name: "nacl/secretbox", nonce: nonce.toString("base64") };
    const body = JSON.stringify({ kdf, cipher, ciphertext: Buffer.from(box).toString("base64") });
    const path = keyFile(folder(t), `-----BEGIN ${label}-----\n${btoa(body)}\n-----END ${label}-----\n`);
    t.ok(await signs(path, saying(password)), label);
    t.equal(code(await signWithFile(path, saying("wrong"))), "KEY_PASSWORD");
    t.equal(code(await signWithFile(path, nobody)), "KEY_PASSWORD_MISSING");
  }
});

t.test("a private key that others can get at is refused, whatever it holds", async (t) => {
  for (const mode of [0o640, 0o604, 0o660, 0o644, 0o610]) {
    t.equal(code(await signWithFile(keyFile(folder(t), plain, mode), never)), "KEY_FILE_MODE", mode.toString(8));
  }
  t.equal(code(await signWithFile(keyFile(folder(t), plain, 0o400), never)), "ok");
  const dir = folder(t);
  const path = keyFile(dir, plain, 0o644);
  symlinkSync(path, join(dir, "link.key"));
  t.equal(code(await signWithFile(join(dir, "link.key"), never)), "KEY_FILE_MODE", "through a link");
});

t.test("a file without a private key is told as what it is, whoever may read it", async (t) => {
  const dir = folder(t);
  const path = join(dir, "bob.pub");
  writeFileSync(path, createPublicKey(p256).export({ type: "spki", format: "pem" }), { mode: 0o644 });
  const half = { code: "KEY_FORMAT", message: /it is a public key/, hint: `name ${join(dir, "bob.key")}` };
  t.match(await signWithFile(path, never), { ok: false, fault: half });
  const line = keyFile(dir, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI bob@host\n", 0o644);
  const named = { code: "KEY_FORMAT", hint: "this is the public half of a key; name the private one" };
  t.match(await signWithFile(line, never), { ok: false, fault: named });
  t.equal(code(await signWithFile(keyFile(dir, "hello", 0o644), never)), "KEY_FORMAT");
  const damaged = plain.toString().replace("-----END", "x-----END");
  t.equal(code(await signWithFile(keyFile(dir, damaged, 0o644), never)), "KEY_FILE_MODE", "what was one is still one");
});

t.test("files that are missing, folders, or far too large are refused", async (t) => {
  const dir = folder(t);
  t.equal(code(await signWithFile(join(dir, "none.key"), never)), "KEY_FILE");
  mkdirSync(join(dir, "a-folder"), { mode: 0o700 });
  t.equal(code(await signWithFile(join(dir, "a-folder"), never)), "KEY_FILE");
  t.equal(code(await signWithFile(keyFile(dir, "x".repeat(100_000)), never)), "KEY_FILE");
});

t.test("other forms of keys are refused with what they are", async (t) => {
  const sec1 = p256.export({ type: "sec1", format: "pem" });
  for (const pem of [sec1, "", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]) {
    t.equal(code(await signWithFile(keyFile(folder(t), pem), never)), "KEY_FORMAT");
  }
  const sealed = "-----BEGIN ENCRYPTED COSIGN PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED COSIGN PRIVATE KEY-----\n";
  t.equal(code(await signWithFile(keyFile(folder(t), sealed), saying(""))), "KEY_FORMAT");
  const damaged = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
  t.equal(code(await signWithFile(keyFile(folder(t), damaged), saying(""))), "KEY_FORMAT");
  const refused = await signWithFile(keyFile(folder(t), sec1), never);
  t.match(refused.ok ? "" : refused.fault.message, /EC PRIVATE KEY/);
});

t.test("keys of other algorithms are refused by their name", async (t) => {
  const cases = {
    "ECDSA P-384": generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey,
    RSA: generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey,
    Ed448: generateKeyPairSync("ed448").privateKey,
  };
  for (const [name, key] of Object.entries(cases)) {
    const refused = await signWithFile(keyFile(folder(t), key.export({ type: "pkcs8", format: "pem" })), never);
    t.equal(code(refused), "KEY_ALGORITHM");
    t.equal(refused.ok ? "" : refused.fault.data?.["name"], name);
  }
});

t.test("a private key stored with a compressed point gives an uncompressed public key", async (t) => {
  const dir = folder(t);
  const sec1 = execFileSync("openssl", ["ec", "-conv_form", "compressed"], {
    input: p256.export({ type: "sec1", format: "pem" }),
    stdio: ["pipe", "pipe", "ignore"],
  });
  const pem = execFileSync("openssl", ["pkcs8", "-topk8", "-nocrypt"], { input: sec1 });
  const signer = value(await signWithFile(keyFile(dir, pem), never));
  t.equal(signer.keyid, value(await signWithFile(keyFile(folder(t), plain), never)).keyid);
});

t.test("no fault repeats anything of the key or the password", async (t) => {
  const path = keyFile(folder(t), plain.toString().replace("-----END", "x-----END"));
  const text = JSON.stringify(await signWithFile(path, saying("hunter2")));
  t.notMatch(text, /hunter2/);
  t.notOk(text.includes(plain.toString().slice(40, 80)));
});
