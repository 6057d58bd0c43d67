import { createHash } from "node:crypto";
import type { Change, Decision } from "../change.ts";
import { derInteger, derSequence, people, secondSignature, type Name } from "../people.ts";
import type { Sidecar } from "../signed-file.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";

const FORM = "signature SIGNATURE_FORM";
const FALSE = "signature SIGNATURE_INVALID";
/** The attestation, signed with the P-256 key of the second attestor, in another form. */
const p256 = (form: (r: bigint, s: bigint, order: bigint) => Uint8Array): Change => ({
  signing: {
    signer: "attestor-2",
    signature: (message) => {
      const { r, s, n } = secondSignature(message);
      return form(r, s, n);
    },
  },
});
const ed25519 = (form: (sig: Uint8Array, message: Uint8Array) => Uint8Array): Change => ({
  signing: { signature: (message) => form(people.attestor.sign(message), message) },
});
const raw = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
/** An integer of DER with these bytes, whatever they are. */
const integer = (bytes: Uint8Array): Buffer => Buffer.concat([Buffer.from([2, bytes.length]), bytes]);
/** The order of Ed25519's group (RFC 8032, section 5.1). */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;
/** R and S of Ed25519 with S beyond the order: the same signature to who does not look. */
function beyondOrder(sig: Uint8Array): Uint8Array {
  const s = BigInt(`0x${Buffer.from(sig.slice(32).toReversed()).toString("hex")}`) + L;
  return Buffer.concat([sig.subarray(0, 32), raw(s).toReversed()]);
}
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)));
const named = (name: Name) => (sidecar: Sidecar) => ({
  ...sidecar,
  verificationMaterial: { publicKey: { hint: people[name].keyid } },
  dsseEnvelope: {
    ...sidecar.dsseEnvelope,
    signatures: sidecar.dsseEnvelope.signatures.map((each) => ({ ...each, keyid: people[name].keyid })),
  },
});
const by = (signer: Name): Change => ({ signing: { signer } });
const first = (decision: Partial<Decision>): Change => ({
  decisions: [{ by: "approver-1", ...decision }, { by: "approver-2" }],
});

export const signatureCases: readonly TamperedCase[] = [
  tampered(
    "signatures/trailing-byte",
    FORM,
    p256((r, s) => Buffer.concat([derSequence(derInteger(r), derInteger(s)), Buffer.from([0])])),
  ),
  tampered(
    "signatures/trailing-byte-inside",
    FORM,
    p256((r, s) => derSequence(derInteger(r), derInteger(s), Buffer.from([0]))),
  ),
  tampered(
    "signatures/long-length",
    FORM,
    p256((r, s) => {
      const body = derSequence(derInteger(r), derInteger(s)).subarray(2);
      return Buffer.concat([Buffer.from([0x30, 0x81, body.length]), body]);
    }),
  ),
  tampered(
    "signatures/indefinite-length",
    FORM,
    p256((r, s) => Buffer.concat([Buffer.from([0x30, 0x80]), derInteger(r), derInteger(s), Buffer.from([0, 0])])),
  ),
  tampered(
    "signatures/set-in-place-of-sequence",
    FORM,
    p256((r, s) => Buffer.from(derSequence(derInteger(r), derInteger(s)).map((byte, at) => (at === 0 ? 0x31 : byte)))),
  ),
  tampered(
    "signatures/r-zero",
    FORM,
    p256((_, s) => derSequence(derInteger(0n), derInteger(s))),
  ),
  tampered(
    "signatures/s-zero",
    FORM,
    p256((r) => derSequence(derInteger(r), derInteger(0n))),
  ),
  tampered(
    "signatures/both-zero",
    FORM,
    p256(() => derSequence(derInteger(0n), derInteger(0n))),
  ),
  tampered(
    "signatures/r-is-order",
    FORM,
    p256((_, s, n) => derSequence(derInteger(n), derInteger(s))),
  ),
  tampered(
    "signatures/s-beyond-order",
    FORM,
    p256((r, s, n) => derSequence(derInteger(r), derInteger(s + n))),
  ),
  tampered(
    "signatures/s-negative",
    FORM,
    p256((r, s, n) => derSequence(derInteger(r), integer(raw(s > n - s ? s : n - s)))),
  ),
  tampered(
    "signatures/r-padded",
    FORM,
    p256((r, s) => derSequence(integer(Buffer.concat([Buffer.from([0, 0]), raw(r)])), derInteger(s))),
  ),
  tampered(
    "signatures/r-empty",
    FORM,
    p256((_, s) => derSequence(integer(Buffer.alloc(0)), derInteger(s))),
  ),
  tampered(
    "signatures/three-integers",
    FORM,
    p256((r, s) => derSequence(derInteger(r), derInteger(s), derInteger(1n))),
  ),
  tampered(
    "signatures/empty",
    FORM,
    p256(() => Buffer.alloc(0)),
  ),
  tampered(
    "signatures/63-bytes",
    FORM,
    ed25519((sig) => sig.subarray(0, 63)),
  ),
  tampered(
    "signatures/65-bytes",
    FORM,
    ed25519((sig) => Buffer.concat([sig, Buffer.from([0])])),
  ),
  tampered(
    "signatures/hex-of-it",
    FORM,
    ed25519((sig) => Buffer.from(Buffer.from(sig).toString("hex"))),
  ),
  tampered("signatures/approval-long-length", "approvals SIGNATURE_FORM", {
    decisions: [
      { by: "approver-1" },
      {
        by: "approver-2",
        signing: {
          signature: (message) => {
            const body = people["approver-2"].sign(message).subarray(2);
            return Buffer.concat([Buffer.from([0x30, 0x81, body.length]), body]);
          },
        },
      },
    ],
  }),
  tampered(
    "signatures/raw-r-and-s",
    FALSE,
    p256((r, s) => Buffer.concat([raw(r), raw(s)])),
  ),
  tampered(
    "signatures/one-and-one",
    FALSE,
    p256(() => derSequence(derInteger(1n), derInteger(1n))),
  ),
  tampered(
    "signatures/r-and-s-exchanged",
    FALSE,
    p256((r, s) => derSequence(derInteger(s), derInteger(r))),
  ),
  tampered(
    "signatures/bit-of-r",
    FALSE,
    ed25519((sig) => flipped(sig, 3)),
  ),
  tampered(
    "signatures/bit-of-s",
    FALSE,
    ed25519((sig) => flipped(sig, 40)),
  ),
  tampered(
    "signatures/highest-bit-of-s",
    FALSE,
    ed25519((sig) => Buffer.from(sig.map((byte, at) => (at === 63 ? byte | 0x80 : byte)))),
  ),
  tampered(
    "signatures/s-beyond-order-ed25519",
    FALSE,
    ed25519((sig) => beyondOrder(sig)),
  ),
  tampered(
    "signatures/all-zero",
    FALSE,
    ed25519(() => Buffer.alloc(64)),
  ),
  tampered(
    "signatures/identity-point",
    FALSE,
    ed25519(() => Buffer.concat([Buffer.from([1]), Buffer.alloc(63)])),
  ),
  tampered(
    "signatures/of-payload-without-pae",
    FALSE,
    ed25519((_, message) => people.attestor.sign(message.subarray(message.indexOf(0x7b)))),
  ),
  tampered("signatures/of-another-payload-type", FALSE, { signing: { paeType: "application/json" } }),
  tampered(
    "signatures/of-digest",
    FALSE,
    ed25519((_, message) => people.attestor.sign(createHash("sha512").update(message).digest())),
  ),
  tampered(
    "signatures/of-another-statement",
    FALSE,
    ed25519((_, message) =>
      people.attestor.sign(Buffer.from(String(Buffer.from(message)).replace("succeeded", "cancelled"))),
    ),
  ),
  tampered("signatures/other-key-by-its-name", "signature SIGNATURE_KEY_UNKNOWN", by("stranger")),
  tampered("signatures/other-p256-key-by-its-name", "signature SIGNATURE_KEY_UNKNOWN", by("stranger-2")),
  tampered("signatures/other-key-by-the-attestors-name", FALSE, {
    signing: { signer: "stranger", sidecar: named("attestor") },
  }),
  tampered("signatures/p256-key-by-the-name-of-ed25519", FALSE, {
    signing: { signer: "stranger-2", sidecar: named("attestor") },
  }),
  tampered("signatures/run-request-by-stranger", "run-request SIGNATURE_KEY_UNKNOWN", {
    runRequestSigning: { signer: "stranger" },
  }),
  tampered("signatures/request-by-stranger", "approval-requests SIGNATURE_KEY_UNKNOWN", {
    requestSigning: { signer: "stranger" },
  }),
  tampered(
    "signatures/approval-by-stranger",
    "approvals SIGNATURE_KEY_UNKNOWN",
    first({ signing: { signer: "stranger" } }),
  ),
  tampered(
    "signatures/approval-by-stranger-without-name",
    "approvals SIGNATURE_KEY_UNKNOWN",
    first({
      signing: {
        signer: "stranger",
        sidecar: (sidecar) => ({
          ...sidecar,
          dsseEnvelope: {
            ...sidecar.dsseEnvelope,
            signatures: sidecar.dsseEnvelope.signatures.map(({ sig }) => ({ sig })),
          },
        }),
      },
    }),
  ),
  allowed("allowed/second-attestor", by("attestor-2")),
  allowed(
    "allowed/ecdsa-twin",
    p256((r, s, n) => derSequence(derInteger(r), derInteger(n - s))),
  ),
];
