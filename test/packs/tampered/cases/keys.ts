import type { Root } from "../site-trust.ts";
import { pemOf, people, type Name } from "../people.ts";
import { time } from "../release.ts";
import type { Members } from "../signed-file.ts";
import { allowed, tampered, type More, type TamperedCase } from "../tampered-case.ts";

const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  Buffer.from(bytes.map((byte, index) => (index === at ? byte ^ 1 : byte)));
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
const staleFrom = (...checks: readonly string[]): readonly string[] => checks.map((check) => `${check} KEY_WINDOW`);

export const keyCases: readonly TamperedCase[] = [
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
