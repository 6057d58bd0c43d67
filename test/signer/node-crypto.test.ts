import { createPrivateKey } from "node:crypto";
import { sha256 } from "@noble/hashes/sha2.js";
import * as fc from "fast-check";
import t from "tap";
import { fromHex } from "#canon/bytes.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import { fromPrivateKey, rfc8032Key, testKey, value } from "../attest/signing.ts";

const bytes = (hex: string): Uint8Array => fromHex(hex) ?? new Uint8Array();

t.test("SHA-256 is that of an independent implementation", async (t) => {
  t.doesNotThrow(() =>
    fc.assert(fc.property(fc.uint8Array(), (data) => Buffer.from(sha256(data)).equals(Buffer.from(nodeSha256(data))))),
  );
});

t.test("the Ed25519 vector of RFC 8032, section 7.1, verifies", async (t) => {
  const signature = bytes(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  );
  const { key } = rfc8032Key();
  t.ok(nodeVerifySignature(key, new Uint8Array(), signature));
  t.notOk(nodeVerifySignature(key, Uint8Array.of(0), signature));
});

t.test("the Ed25519ph vector of RFC 8032, section 7.3, does not verify as Ed25519", async (t) => {
  const seed = "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42";
  const der = Buffer.from(`302e020100300506032b657004220420${seed}`, "hex");
  const { key } = fromPrivateKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" }));
  const signature = bytes(
    "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406",
  );
  t.equal(signature.length, 64);
  t.notOk(nodeVerifySignature(key, encodeUtf8("abc"), signature));
});

t.test("a signature verifies with its key and over its message only", async (t) => {
  for (const { key, signer } of [testKey(), testKey("ed25519")]) {
    const message = encodeUtf8("message");
    const signature = value(await signer.sign(message));
    t.ok(nodeVerifySignature(key, message, signature));
    t.notOk(nodeVerifySignature(key, encodeUtf8("other"), signature));
    t.notOk(nodeVerifySignature(testKey(key.alg).key, message, signature));
  }
});

t.test("no bytes make it throw", async (t) => {
  const { key } = testKey();
  const other = testKey("ed25519").key;
  t.doesNotThrow(() =>
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.uint8Array({ maxLength: 80 }),
        (message, signature) =>
          !nodeVerifySignature(key, message, signature) && !nodeVerifySignature(other, message, signature),
      ),
    ),
  );
  t.notOk(nodeVerifySignature({ ...key, spkiDer: new Uint8Array(3) }, new Uint8Array(), new Uint8Array(64)));
});
