import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { generateKeys, showKey } from "#app/keys.ts";
import { fileKeyring } from "#signer/file-keyring.ts";
import { code, value } from "../attest/signing.ts";

const nobody = (): Promise<undefined> => Promise.resolve(undefined);

t.test("keys are P-256 unless another algorithm is asked for, and show the same from both files", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "packrun-keys-"));
  t.teardown(() => rmSync(dir, { recursive: true }));
  const alice = value(await generateKeys({ name: join(dir, "alice") }, fileKeyring));
  t.equal(alice.algorithm, "ecdsa-p256-sha256");
  const shown = value(await showKey(alice.publicFile, fileKeyring, nobody));
  t.strictSame(shown, { keyid: alice.keyid, algorithm: alice.algorithm, publicKey: alice.publicKey, private: false });
  t.strictSame(value(await showKey(alice.privateFile, fileKeyring, nobody)), { ...shown, private: true });
  const bob = value(await generateKeys({ name: join(dir, "bob"), algorithm: "ed25519", password: "x" }, fileKeyring));
  t.equal(code(await showKey(bob.privateFile, fileKeyring, nobody)), "KEY_PASSWORD_MISSING");
  t.equal(value(await showKey(bob.privateFile, fileKeyring, () => Promise.resolve("x"))).algorithm, "ed25519");
});

t.test("what is no key is told", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "packrun-keys-"));
  t.teardown(() => rmSync(dir, { recursive: true }));
  t.equal(code(await showKey(join(dir, "none"), fileKeyring, nobody)), "TRUST_FILE_ACCESS");
  const absent = await showKey(join(dir, "none"), fileKeyring, nobody);
  t.match(absent, { fault: { hint: /path of the key.*keys generate NAME/ } });
  writeFileSync(join(dir, "x"), "x");
  t.equal(code(await showKey(join(dir, "x"), fileKeyring, nobody)), "KEY_SYNTAX");
});
