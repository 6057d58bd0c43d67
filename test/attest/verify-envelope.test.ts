import t from "tap";
import { readSidecar } from "#attest/read-sidecar.ts";
import { checkKeyid, isSignedBy, verifyEnvelope } from "#attest/verify-envelope.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { nodeVerifySignature } from "#signer/node-crypto.ts";
import { code, rfc8032Key, sidecarOf, testKey, value } from "./signing.ts";

const payload = encodeUtf8('{"a":1}');

t.test("an envelope verifies with the key that signed and with no other", async (t) => {
  for (const key of [testKey(), testKey("ed25519")]) {
    const envelope = value(readSidecar(await sidecarOf(payload, key), "own"));
    t.equal(code(await verifyEnvelope(envelope, key.key, nodeVerifySignature)), "ok");
    for (const other of [testKey(), testKey("ed25519")]) {
      t.equal(code(await verifyEnvelope(envelope, other.key, nodeVerifySignature)), "SIGNATURE_INVALID");
    }
  }
});

t.test("a signature binds payload type and payload", async (t) => {
  const key = testKey();
  const envelope = value(readSidecar(await sidecarOf(payload, key), "own"));
  t.notOk(await isSignedBy({ ...envelope, payload: encodeUtf8('{"a":2}') }, key.key, nodeVerifySignature));
  t.notOk(await isSignedBy({ ...envelope, payloadType: "application/json" }, key.key, nodeVerifySignature));
});

t.test("a signature function that answers with a promise is awaited", async (t) => {
  const key = testKey();
  const envelope = value(readSidecar(await sidecarOf(payload, key), "own"));
  t.notOk(await isSignedBy(envelope, key.key, () => Promise.resolve(false)));
  t.ok(await isSignedBy(envelope, key.key, (...given) => Promise.resolve(nodeVerifySignature(...given))));
});

t.test("a signature over the payload alone, without its encoding, does not verify", async (t) => {
  const key = rfc8032Key();
  const bare = value(await key.signer.sign(payload));
  const envelope = value(readSidecar(await sidecarOf(payload, key), "own"));
  t.notOk(await isSignedBy({ ...envelope, signature: bare }, key.key, nodeVerifySignature));
});

t.test("a keyid that is there must be that of the key that signed", async (t) => {
  const key = testKey();
  const envelope = value(readSidecar(await sidecarOf(payload, key), "own"));
  const { keyid: _, ...silent } = envelope;
  t.equal(code(checkKeyid(silent, key.key)), "ok");
  t.equal(
    code(await verifyEnvelope({ ...envelope, keyid: testKey().key.keyid }, key.key, nodeVerifySignature)),
    "ENVELOPE_KEYID",
  );
});
