import { readFileSync } from "node:fs";
import { createPublicKey } from "node:crypto";
import { join } from "node:path";
import { bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import { toSignedEntity, Verifier, type TrustMaterial } from "@sigstore/verify";
import t from "tap";
import { runRequestPredicate, type RunRequest } from "#attest/run-request.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { statementBytes } from "#attest/statement.ts";
import { digestOf } from "#canon/digest.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { rfc8032Key, sidecarOf, testKey, value, type TestKey } from "./signing.ts";

const plan = encodeUtf8('{"kind":"Plan"}');
const request = {
  runId: "0192f0c1-2b3c-7d4e-8f50-617283940a1b",
  tenantId: "default",
  trustDomain: "acme-prod",
  planHash: digestOf(plan, nodeSha256),
  requestedBy: "alice",
  authn: { kind: "key" },
  requestedAt: "2026-01-05T08:00:00.000Z",
  nonce: "000102030405060708090a0b0c0d0e0f",
} as RunRequest;
const payload = statementBytes(
  runRequestPredicate,
  [{ name: "plan.canonical.json", digest: digestOf(plan, nodeSha256) }],
  request,
);

/** Stock verification with one key, no log and no timestamps. */
function stockVerify(sidecar: Uint8Array, { key }: TestKey): void {
  const material: TrustMaterial = {
    certificateAuthorities: [],
    timestampAuthorities: [],
    tlogs: [],
    ctlogs: [],
    publicKey: () => ({ publicKey: createPublicKey(key.pem), validFor: () => true }),
  };
  const verifier = new Verifier(material, { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 });
  verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(decodeUtf8(sidecar) ?? ""))));
}

t.test("the bytes of a sidecar are fixed", async (t) => {
  const golden = readFileSync(join(import.meta.dirname, "golden", "run-request.sigstore.json"), "utf8");
  t.equal(decodeUtf8(await sidecarOf(payload, rfc8032Key())), golden);
});

t.test("a sidecar reads as what was written, in both profiles", async (t) => {
  const key = testKey();
  const sidecar = await sidecarOf(payload, key);
  for (const profile of ["own", "interop"] as const) {
    const envelope = value(readSidecar(sidecar, profile));
    t.strictSame(envelope.payload, payload);
    t.equal(envelope.keyid, key.signer.keyid);
    t.equal(envelope.payloadType, "application/vnd.in-toto+json");
  }
});

t.test("sigstore-js parses the sidecar as a bundle v0.3 with a public key and one signature", async (t) => {
  const key = testKey();
  const bundle = bundleFromJSON(JSON.parse(decodeUtf8(await sidecarOf(payload, key)) ?? ""));
  t.equal(bundle.mediaType, "application/vnd.dev.sigstore.bundle.v0.3+json");
  t.equal(bundle.verificationMaterial.content.$case, "publicKey");
  t.equal(bundle.content.$case === "dsseEnvelope" && bundle.content.dsseEnvelope.signatures.length, 1);
});

t.test("a bundle that sigstore-js wrote again reads in the interop profile", async (t) => {
  const key = testKey();
  const sidecar = await sidecarOf(payload, key);
  const again = bundleToJSON(bundleFromJSON(JSON.parse(decodeUtf8(sidecar) ?? "")));
  const envelope = value(readSidecar(encodeUtf8(JSON.stringify(again, null, 1)), "interop"));
  t.strictSame(envelope.payload, payload);
  t.equal(envelope.keyid, key.signer.keyid);
});

t.test("sigstore-js verifies the signature with the public key alone, and refuses a changed payload", async (t) => {
  for (const key of [testKey(), rfc8032Key()]) {
    const sidecar = await sidecarOf(payload, key);
    t.doesNotThrow(() => stockVerify(sidecar, key));
    const other = await sidecarOf(statementBytes(runRequestPredicate, [], { ...request, requestedBy: "mallory" }), key);
    const mixed = JSON.parse(decodeUtf8(sidecar) ?? "") as { dsseEnvelope: { payload: string } };
    mixed.dsseEnvelope.payload = (JSON.parse(decodeUtf8(other) ?? "") as typeof mixed).dsseEnvelope.payload;
    t.throws(() => stockVerify(encodeUtf8(JSON.stringify(mixed)), key));
  }
});
