import { execFileSync, spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 as nobleSha256 } from "@noble/hashes/sha2.js";
import * as fc from "fast-check";
import t from "tap";
import { attestCodes } from "#attest/codes.ts";
import { readPublicKey, readSpki } from "#attest/read-public-key.ts";
import { fromBase64 } from "#canon/base64.ts";
import { concatBytes } from "#canon/bytes.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { code, rfc8032Key, testKey, value } from "./signing.ts";

/** Made with openssl; the fingerprints are what `ssh-keygen -lf` printed for the same keys. */
const P256 = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBGKbWfGXB6VBpkbGnu/jJssmKRzX
JkCIhULjyWxJe7duOWnqldINMieiw2eGB+p6jZn3Xu3JCLG+irFcNHE6Zg==
-----END PUBLIC KEY-----
`;
const P256_COMPRESSED = `-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACBGKbWfGXB6VBpkbGnu/jJssmKRzX
JkCIhULjyWxJe7c=
-----END PUBLIC KEY-----
`;
const P256_FINGERPRINT = "SHA256:tnNJjAWdyZnmyExdfW1PjIgj73r4Ui1X64VdsC7VLvY";
const ED25519_SSH = "AAAAC3NzaC1lZDI1NTE5AAAAIJoMz8cURMtFbEX8G82U3k68BW8DWMWhH8R59u+War+q";
const ED25519_FINGERPRINT = "SHA256:8uEhmNK96rgnj0DnFmiVIcgqp/gk468Z/duXA9s7R7Y";

const ed25519Prefix = Uint8Array.of(0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00);

t.test("keyids are the OpenSSH fingerprints of known keys", async (t) => {
  t.equal(value(readPublicKey(P256, nodeSha256)).keyid, P256_FINGERPRINT);
  const raw = fromBase64(ED25519_SSH)?.subarray(-32) ?? new Uint8Array();
  const ed25519 = readSpki(concatBytes(ed25519Prefix, raw), nodeSha256);
  t.equal(value(ed25519).keyid, ED25519_FINGERPRINT);
});

t.test("keyids agree with ssh-keygen, where there is one, for a key made just now", async (t) => {
  const { key } = testKey();
  const folder = mkdtempSync(join(tmpdir(), "fingerprint-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "key.pem"), key.pem);
  const { status, stdout } = spawnSync("ssh-keygen", ["-i", "-m", "PKCS8", "-f", join(folder, "key.pem")]);
  if (status !== null) {
    writeFileSync(join(folder, "key.ssh"), stdout);
    const said = execFileSync("ssh-keygen", ["-lf", join(folder, "key.ssh")], { encoding: "utf8" });
    t.equal(said.split(" ")[1], key.keyid);
  }
  t.match(key.keyid, /^SHA256:[A-Za-z0-9+/]{43}$/);
});

t.test("a portable SHA-256 gives the same key", async (t) => {
  t.strictSame(readPublicKey(P256, nobleSha256), readPublicKey(P256, nodeSha256));
});

t.test("PEM is read with any white space around and written in lines of 64", async (t) => {
  const { pem, keyid } = value(readPublicKey(`\r\n${P256.replaceAll("\n", "\r\n")}\n\n`, nodeSha256));
  t.equal(pem, P256);
  t.equal(keyid, P256_FINGERPRINT);
  t.equal(value(readPublicKey(rfc8032Key().key.pem, nodeSha256)).alg, "ed25519");
});

t.test("what is no whole key is no key of another algorithm, and other white space is none", async (t) => {
  const { spkiDer } = value(readPublicKey(P256, nodeSha256));
  const foreign = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ type: "spki", format: "der" });
  for (const der of [
    Uint8Array.of(...spkiDer, 0),
    spkiDer.subarray(0, -1),
    Uint8Array.of(...foreign, 0),
    foreign.subarray(0, -1),
  ]) {
    t.equal(code(readSpki(der, nodeSha256)), "KEY_SYNTAX");
  }
  t.equal(code(readSpki(foreign, nodeSha256)), "KEY_ALGORITHM");
  for (const space of ["\u00a0", "\v", "\f", "\u2028", "\ufeff"]) {
    t.equal(code(readPublicKey(space + P256, nodeSha256)), "KEY_SYNTAX");
    t.equal(code(readPublicKey(P256 + space, nodeSha256)), "KEY_SYNTAX");
    t.equal(code(readPublicKey(P256.replace("\n", `\n${space}`), nodeSha256)), "KEY_SYNTAX");
  }
});

t.test("compressed points are refused", async (t) => {
  t.equal(code(readPublicKey(P256_COMPRESSED, nodeSha256)), "KEY_COMPRESSED");
});

const pemOf = ({ publicKey }: { readonly publicKey: KeyObject }): string =>
  String(publicKey.export({ type: "spki", format: "pem" }));

t.test("keys of other algorithms are refused by their name", async (t) => {
  const curve = (namedCurve: string): string => pemOf(generateKeyPairSync("ec", { namedCurve }));
  const keys: Readonly<Record<string, string>> = {
    RSA: pemOf(generateKeyPairSync("rsa", { modulusLength: 2048 })),
    "ECDSA P-384": curve("P-384"),
    "ECDSA P-521": curve("P-521"),
    "ECDSA secp256k1": curve("secp256k1"),
    Ed448: pemOf(generateKeyPairSync("ed448")),
    X25519: pemOf(generateKeyPairSync("x25519")),
  };
  for (const [name, pem] of Object.entries(keys)) {
    const read = readPublicKey(pem, nodeSha256);
    t.equal(code(read), "KEY_ALGORITHM", name);
    t.equal(read.ok ? "" : read.fault.data?.["name"], name);
  }
});

t.test("points off the curve and double encodings are refused", async (t) => {
  const der = value(readPublicKey(P256, nodeSha256)).spkiDer;
  const off = Uint8Array.from(der);
  off[90] = (off[90] ?? 0) ^ 1;
  t.equal(code(readSpki(off, nodeSha256)), "KEY_POINT");
  const hybrid = Uint8Array.from(der);
  hybrid[26] = 6;
  t.equal(code(readSpki(hybrid, nodeSha256)), "KEY_POINT");
  const aboveField = concatBytes(ed25519Prefix, Uint8Array.from([0xee, ...Array<number>(30).fill(0xff), 0x7f]));
  t.equal(code(readSpki(aboveField, nodeSha256)), "KEY_POINT");
});

t.test("what is no public key is refused with what is wrong", async (t) => {
  for (const text of [
    "",
    "ssh-ed25519 AAAA",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nA\n-----END PUBLIC KEY-----\n",
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
    P256 + P256,
    `${P256}x`,
  ]) {
    const read = readPublicKey(text, nodeSha256);
    t.equal(code(read), "KEY_SYNTAX", JSON.stringify(text.slice(0, 40)));
  }
});

t.test("no bytes make the reader throw, and no single changed bit reads as the same key", async (t) => {
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) =>
        Object.hasOwn(attestCodes, code(readSpki(bytes, nodeSha256))),
      ),
    ),
  );
  const { key } = testKey();
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(fc.nat(90), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const changed = Uint8Array.from(key.spkiDer);
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        const read = readSpki(changed, nodeSha256);
        return !read.ok || read.value.keyid !== key.keyid;
      }),
    ),
  );
});

t.test("the fingerprint is that of the wire form, spelled out", async (t) => {
  const digest = createHash("sha256").update(Buffer.from(ED25519_SSH, "base64")).digest("base64");
  t.equal(`SHA256:${digest.replace("=", "")}`, ED25519_FINGERPRINT);
});
