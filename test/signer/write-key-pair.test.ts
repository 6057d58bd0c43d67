import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { fileKeyring } from "#signer/file-keyring.ts";
import { code, value } from "../attest/signing.ts";
import { folder } from "./folder.ts";

const saying =
  (password: string | undefined): (() => Promise<string | undefined>) =>
  () =>
    Promise.resolve(password);

t.test("a pair is a private file of mode 600 and a public file, and signs", async (t) => {
  for (const algorithm of ["ecdsa-p256-sha256", "ed25519"] as const) {
    const name = join(folder(t), "alice");
    const pair = value(await fileKeyring.writePair(name, algorithm));
    t.equal(statSync(pair.privateFile).mode & 0o777, 0o600);
    t.equal(readFileSync(pair.publicFile, "utf8"), pair.publicKey);
    t.match(readFileSync(pair.privateFile, "utf8"), /^-----BEGIN PRIVATE KEY-----/);
    const signer = value(await fileKeyring.open(pair.privateFile, saying(undefined)));
    t.equal(signer.keyid, pair.keyid);
    t.equal(signer.algorithm, algorithm);
  }
});

t.test("with a password the private key is encrypted and opens with it only", async (t) => {
  const pair = value(await fileKeyring.writePair(join(folder(t), "alice"), "ed25519", "secret"));
  t.match(readFileSync(pair.privateFile, "utf8"), /^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----/);
  t.equal(value(await fileKeyring.open(pair.privateFile, saying("secret"))).keyid, pair.keyid);
  t.equal(code(await fileKeyring.open(pair.privateFile, saying("other"))), "KEY_PASSWORD");
});

t.test("an empty password makes no key, least of all a plain one", async (t) => {
  const dir = folder(t);
  t.equal(code(await fileKeyring.writePair(join(dir, "alice"), "ed25519", "")), "KEY_PASSWORD_MISSING");
  t.strictSame(readdirSync(dir), []);
});

t.test("neither file is ever overwritten, and half a pair is never left", async (t) => {
  const dir = folder(t);
  const name = join(dir, "alice");
  value(await fileKeyring.writePair(name, "ed25519"));
  const before = readFileSync(`${name}.key`, "utf8");
  t.equal(code(await fileKeyring.writePair(name, "ed25519")), "KEY_EXISTS");
  t.equal(readFileSync(`${name}.key`, "utf8"), before);
  writeFileSync(join(dir, "bob.pub"), "mine");
  t.equal(code(await fileKeyring.writePair(join(dir, "bob"), "ed25519")), "KEY_EXISTS");
  t.notOk(existsSync(join(dir, "bob.key")));
  t.equal(readFileSync(join(dir, "bob.pub"), "utf8"), "mine");
  t.strictSame(readdirSync(dir).toSorted(), ["alice.key", "alice.pub", "bob.pub"]);
});

t.test("a folder that is not there is told", async (t) => {
  t.equal(code(await fileKeyring.writePair(join(folder(t), "no", "alice"), "ed25519")), "KEY_FILE");
});

t.test("keys are new every time", async (t) => {
  const dir = folder(t);
  const one = value(await fileKeyring.writePair(join(dir, "one"), "ed25519"));
  const two = value(await fileKeyring.writePair(join(dir, "two"), "ed25519"));
  t.not(one.keyid, two.keyid);
});
