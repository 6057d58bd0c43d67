import { createHash } from "node:crypto";
import type { Change, Decision, Root } from "../forge.ts";
import { derInteger, derSequence, pemOf, people, secondSignature, type Name } from "../people.ts";
import { time } from "../release.ts";
import type { Members, Sidecar } from "../signed-file.ts";
import { allowed, tampered, type More, type TamperedCase } from "../tampered-case.ts";

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

const RSA =
  "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxv0f9CtwW4UAK3zSSmFb\nriODuFUMAXz6PM5XUsJTY0UKPcGFxjdnTpsyyfwFEzAgXTU9P4O3y+vLLH81oQQV\njTJRHl7iQXnQfC/bzMVTNdws+93n0ltwHXOf48pnMgL3VORsmfBPTmCm/vkeeeYk\nznFrJsbY7be8cbsRROTW0VaOKuCK5qbOlH2YS1jKlFsJQiEcmGSECrynESnQfOrE\nLZtWwZLPBe68WnRo/CZdJq5V+FmbM9D/zIBI1AvrExU37A39PT+OjxbEMmAbVE/M\nDItS69ctRj2e664oC9c6mcE5UnIOOk9q4Os9QxglaONTPyPGUHYxZUeIc++YjI0C\ndwIDAQAB\n-----END PUBLIC KEY-----\n";
const spki = (hex: string): string => pemOf(Buffer.from(hex, "hex"));
const P384 = spki(
  "3076301006072a8648ce3d020106052b810400220362000438b6f8e227c5c57ff246dd5a90e8afe2dc9c2c303e6b1830179c1628bb4782542ea4ca5f0597549a6a553be9e69f11fcfbb259b036a7ee741e1fc1360bedcca458705b59442737b7c14c20ae64368f1bd75893383f205d643c14e274274050de",
);
const SECP256K1 = spki(
  "3056301006072a8648ce3d020106052b8104000a03420004a1b47e5142de791511c5784f8ca5fd837f87df9166b0e8fdad1907fd0eb2f048ed281f3f869d7650e30071ce59a5c4bd5200c259343dd20ea9e89d3c9d742c19",
);
const X25519 = spki("302a300506032b656e032100a03d560b791531f5d0f79f11a9aa67445d458dc8a5ca015bf6203d2055f0e607");
const ED448 = spki(
  "3043300506032b6571033a0055a1f236d758838973aa24cbef439fad5a8642ab8d562def3c43c967da759726c25a0af9659afb60979ca06d5bfa20ea050aa4d0705aa40c80",
);
const derOf = (pem: string): Buffer => Buffer.from(pem.replaceAll(/-----.*-----|\n/g, ""), "base64");
/** The second attestor's key with its point compressed. */
function compressed(): string {
  const der = derOf(people["attestor-2"].pem);
  const head = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");
  return pemOf(Buffer.concat([head, Buffer.from([2 + ((der.at(-1) ?? 0) & 1)]), der.subarray(27, 59)]));
}
const edited = (name: Name, edit: (der: Buffer) => Uint8Array): string => pemOf(edit(derOf(people[name].pem)));

/** The root with another entry for the second attestor's key, which stands for whatever key a site may have been given. */
const keyed = (more: Members, name: Name = "attestor-2"): More => ({
  root: (root: Root) => ({
    ...root,
    keys: { ...root.keys, [people[name].keyid]: { ...root.keys[people[name].keyid], ...more } },
  }),
});

const role = (name: string, more: Members): More => ({
  root: (root: Root) => ({ ...root, roles: { ...root.roles, [name]: { ...root.roles[name], ...more } } }),
});
const by = (signer: Name): Change => ({ signing: { signer } });
const first = (decision: Partial<Decision>): Change => ({
  decisions: [{ by: "approver-1", ...decision }, { by: "approver-2" }],
});
const staleFrom = (...checks: readonly string[]): readonly string[] => checks.map((check) => `${check} KEY_WINDOW`);

const formCases: readonly TamperedCase[] = [
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

const keyCases: readonly TamperedCase[] = [
  tampered("keys/rsa", "trust-root KEY_ALGORITHM", {}, keyed({ alg: "rsa-pkcs1-sha256", pem: RSA })),
  tampered("keys/rsa-called-p256", "trust-root KEY_ALGORITHM", {}, keyed({ pem: RSA })),
  tampered("keys/p384-called-p256", "trust-root KEY_ALGORITHM", {}, keyed({ pem: P384 })),
  tampered("keys/secp256k1-called-p256", "trust-root KEY_ALGORITHM", {}, keyed({ pem: SECP256K1 })),
  tampered("keys/x25519-called-ed25519", "trust-root KEY_ALGORITHM", {}, keyed({ pem: X25519 }, "attestor")),
  tampered("keys/ed448", "trust-root KEY_ALGORITHM", {}, keyed({ pem: ED448 }, "attestor")),
  tampered("keys/ed25519ph", "trust-root KEY_ALGORITHM", {}, keyed({ alg: "ed25519ph" }, "attestor")),
  tampered("keys/compressed-point", "trust-root TRUST_ROOT_KEY", {}, keyed({ pem: compressed() })),
  tampered(
    "keys/point-off-the-curve",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: edited("attestor-2", (der) => flipped(der, 90)) }),
  ),
  tampered(
    "keys/point-at-infinity",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: edited("attestor-2", (der) => der.fill(0, 27)) }),
  ),
  tampered(
    "keys/hybrid-point",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({
      pem: edited("attestor-2", (der) =>
        Buffer.from(der.map((byte, at) => (at === 26 ? 6 + ((der.at(-1) ?? 0) & 1) : byte))),
      ),
    }),
  ),
  tampered(
    "keys/ed25519-y-beyond-prime",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: edited("attestor", (der) => der.fill(0xff, 12)) }, "attestor"),
  ),
  tampered(
    "keys/trailing-byte",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: edited("attestor-2", (der) => Buffer.concat([der, Buffer.from([0])])) }),
  ),
  tampered(
    "keys/p384-with-trailing-byte",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: pemOf(Buffer.concat([derOf(P384), Buffer.from([0])])) }),
  ),
  tampered("keys/p384-cut", "trust-root TRUST_ROOT_KEY", {}, keyed({ pem: pemOf(derOf(P384).subarray(0, -1)) })),
  tampered(
    "keys/vertical-tab-around",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: `${people["attestor-2"].pem}\v` }),
  ),
  tampered(
    "keys/private-key",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: people["attestor-2"].pem.replaceAll("PUBLIC", "PRIVATE") }),
  ),
  tampered(
    "keys/two-blocks",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: people["attestor-2"].pem + people["attestor-2"].pem }),
  ),
  tampered("keys/no-pem", "trust-root TRUST_ROOT_KEY", {}, keyed({ pem: "PUBLIC KEY" })),
  tampered(
    "keys/no-break-space-around",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: `\u00a0${people["attestor-2"].pem}` }),
  ),
  tampered("keys/name-of-another", "trust-root TRUST_ROOT_KEY", {}, keyed({ pem: people["approver-2"].pem })),
  tampered(
    "keys/one-key-for-two-people",
    "trust-root TRUST_ROOT_KEY",
    {},
    keyed({ pem: people["approver-1"].pem }, "approver-1b"),
  ),
  tampered("keys/algorithm-of-another", "trust-root TRUST_ROOT_KEY", {}, keyed({ alg: "ed25519" })),
  tampered("keys/p256-called-by-no-name", "trust-root KEY_ALGORITHM", {}, keyed({ alg: "none" })),
  tampered(
    "keys/window-ends-before-it-begins",
    "trust-root TRUST_ROOT_TIME",
    {},
    keyed({ validFrom: time(1), validUntil: time(0) }),
  ),
  tampered(
    "keys/window-of-no-length",
    "trust-root TRUST_ROOT_TIME",
    {},
    keyed({ validFrom: time(0), validUntil: time(0) }),
  ),
  allowed("allowed/key-with-white-space-around", {}, keyed({ pem: `\r\n ${people["attestor-2"].pem}\t\n` })),

  tampered(
    "windows/attestor-not-yet",
    staleFrom("window", "approval-requests"),
    {},
    { ...keyed({ validFrom: time(10 * 86_400_000) }, "attestor"), verdict: "stale" },
  ),
  tampered(
    "windows/attestor-no-more",
    staleFrom("window", "approval-requests"),
    {},
    { ...keyed({ validUntil: time(3_600_000) }, "attestor"), verdict: "stale" },
  ),
  tampered(
    "windows/to-the-millisecond",
    staleFrom("window", "approval-requests"),
    {},
    { ...keyed({ validUntil: time(86_400_000) }, "attestor"), verdict: "stale" },
  ),
  tampered(
    "windows/requester-no-more",
    staleFrom("run-request"),
    {},
    { ...keyed({ validUntil: time(3_600_000) }, "requester"), verdict: "stale" },
  ),
  tampered(
    "windows/approver-no-more",
    staleFrom("approvals"),
    { decisions: [{ by: "leaver" }, { by: "approver-2" }] },
    { verdict: "stale" },
  ),
  tampered("windows/approver-not-yet-when-deciding", "approvals APPROVAL_KEY_WINDOW", {
    decisions: [{ by: "newcomer" }, { by: "approver-2" }],
  }),
  tampered(
    "windows/before-every-key",
    staleFrom("window", "run-request", "approval-requests", "approvals"),
    {},
    { at: "2025-12-01T00:00:00.000Z", verdict: "stale" },
  ),
  tampered(
    "windows/after-every-key",
    staleFrom("window", "run-request", "approval-requests", "approvals"),
    {},
    { at: "2027-06-01T00:00:00.000Z", verdict: "stale" },
  ),
  tampered(
    "windows/stale-does-not-hide-failure",
    ["redaction STATEMENT_MISMATCH", ...staleFrom("window", "approval-requests")],
    { predicate: (plain) => ({ ...plain, redaction: { policy: "hash" } }) },
    keyed({ validUntil: time(3_600_000) }, "attestor"),
  ),
  allowed(
    "allowed/first-millisecond-of-a-key",
    {},
    keyed({ validFrom: time(86_400_000), validUntil: time(86_400_001) }, "attestor"),
  ),
];

const roleCases: readonly TamperedCase[] = [
  tampered("roles/attestation-by-approver", "role ROLE_NOT_HELD", by("approver-1")),
  tampered("roles/attestation-by-root", "role ROLE_NOT_HELD", by("root")),
  tampered("roles/attestation-by-nobody", "role ROLE_NOT_HELD", by("reader")),
  tampered("roles/run-request-in-place-of-attestation", "role ROLE_NOT_HELD", {
    after: (files) =>
      void files.set("evidence.manifest.json.sigstore.json", files.get("request.sigstore.json") ?? Buffer.alloc(0)),
  }),
  tampered(
    "roles/attestor-of-another-tenant",
    ["role ROLE_SCOPE", "approval-requests ROLE_SCOPE"],
    {},
    role("run-attestor", { tenants: ["acme", "t*"] }),
  ),
  tampered(
    "roles/attestor-of-another-pack",
    ["role ROLE_SCOPE", "approval-requests ROLE_SCOPE"],
    {},
    role("run-attestor", { packs: ["acme/release-*", "release"] }),
  ),
  tampered(
    "roles/attestor-of-no-pack",
    ["role ROLE_SCOPE", "approval-requests ROLE_SCOPE"],
    {},
    role("run-attestor", { packs: [] }),
  ),
  tampered("roles/attestor-of-some-gates", "role ROLE_SCOPE", {}, role("run-attestor", { gates: ["*"] })),
  tampered(
    "roles/requester-of-another-tenant",
    "run-request ROLE_SCOPE",
    {},
    role("requester", { tenants: ["defaul"] }),
  ),
  tampered("roles/approver-of-another-tenant", "approvals ROLE_SCOPE", {}, role("approver", { tenants: ["other"] })),
  tampered("roles/approver-of-another-gate", "approvals ROLE_SCOPE", first({ by: "guard" })),
  tampered(
    "roles/approver-of-longer-names",
    "approvals ROLE_SCOPE",
    {},
    role("approver", { packs: ["acme/release/*"] }),
  ),
  tampered("roles/approver-without-role", "approvals ROLE_NOT_HELD", first({ by: "reader" })),
  tampered("roles/approval-by-attestor", "approvals ROLE_NOT_HELD", first({ by: "attestor" })),
  tampered("roles/run-request-by-approver", "run-request ROLE_NOT_HELD", {
    runRequestSigning: { signer: "approver-2" },
  }),
  tampered("roles/run-request-by-attestor", "run-request RUN_REQUEST_MISMATCH", {
    runRequestSigning: { signer: "attestor" },
  }),
  tampered("roles/run-request-by-another-requester", "run-request RUN_REQUEST_MISMATCH", {
    runRequestSigning: { signer: "approver-1" },
  }),
  tampered("roles/token-that-the-root-does-not-map", "run-request RUN_REQUEST_MISMATCH", {
    runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
    runRequestSigning: { signer: "attestor" },
  }),
  tampered(
    "roles/token-of-another",
    "run-request RUN_REQUEST_MISMATCH",
    {
      runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
      runRequestSigning: { signer: "attestor" },
    },
    { root: (root) => ({ ...root, tokens: [{ iss: "https://id.acme.example", sub: "ci", principal: "approver-2" }] }) },
  ),
  tampered(
    "roles/token-signed-by-requester",
    "run-request RUN_REQUEST_MISMATCH",
    {
      runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
    },
    { root: (root) => ({ ...root, tokens: [{ iss: "https://id.acme.example", sub: "ci", principal: "requester" }] }) },
  ),
  tampered("roles/request-by-requester", "approval-requests ROLE_NOT_HELD", {
    requestSigning: { signer: "requester" },
  }),
  allowed("allowed/scopes-with-final-star", {}, role("run-attestor", { tenants: ["x", "def*"], packs: ["acme/*"] })),
  allowed(
    "allowed/token",
    {
      runRequest: (plain) => ({ ...plain, authn: { kind: "token", issuer: "https://id.acme.example", subject: "ci" } }),
      runRequestSigning: { signer: "attestor" },
    },
    { root: (root) => ({ ...root, tokens: [{ iss: "https://id.acme.example", sub: "ci", principal: "requester" }] }) },
  ),
];

export const signatureCases: readonly TamperedCase[] = [...formCases, ...keyCases, ...roleCases];
