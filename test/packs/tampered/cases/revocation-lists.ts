import { forge } from "../forge.ts";
import { ATTESTATION, type Change, type Files } from "../change.ts";
import { revocations, rootBytes, type ListEntry, type Root } from "../site-trust.ts";
import { people } from "../people.ts";
import { releasePlan, time } from "../release.ts";
import { digest, digestOfJson, type Members, type Signing } from "../signed-file.ts";
import { allowed, tampered, type More, type TamperedCase } from "../tampered-case.ts";

const before = (path: string, text: string): Change => ({ files: (files) => void files.set(path, Buffer.from(text)) });
const rooted = (more: Members): More => ({
  root: (root) => Object.fromEntries(Object.entries({ ...root, ...more }).filter(([, value]) => value !== undefined)),
});
const role = (name: string, more: Members | undefined): More => ({
  root: (root: Root) => ({
    ...root,
    roles: Object.fromEntries(
      Object.entries({
        ...root.roles,
        [name]: more === undefined ? undefined : { ...root.roles[name], ...more },
      }).filter(([, value]) => value !== undefined),
    ),
  }),
});
const REVOKED = (code: string): string => `revocation REVOKED_${code}`;
const LISTS = (code: string): string => `revocation REVOCATIONS_${code}`;
const site = (entries: readonly ListEntry[], more: Members = {}, signing: Signing = {}, claim: Members = {}): More => ({
  beside: revocations(entries, more, signing, claim),
  args: ["--revocations", "revocations.json"],
});
const own = (entries: readonly ListEntry[], more: Members = {}, signing: Signing = {}): Change => ({
  files: (files) => {
    for (const [path, bytes] of revocations(entries, more, signing)) {
      files.set(path, bytes);
    }
  },
});
const one = (kind: string, value: string): readonly ListEntry[] => [{ kind, value }];
const key = (name: keyof typeof people): readonly ListEntry[] => one("key", people[name].keyid);
const payloadOf = (path: string): string => {
  const { dsseEnvelope } = JSON.parse(String(forge().get(path))) as {
    readonly dsseEnvelope: { readonly payload: string };
  };
  return digest(Buffer.from(dsseEnvelope.payload, "base64"));
};
const demanded: More = rooted({ policy: { revocation: { required: true, maxAgeHours: 168, minSequence: 4 } } });
const policy = (more: Members): More =>
  rooted({ policy: { revocation: { required: true, maxAgeHours: 168, minSequence: 4, ...more } } });
const without = (name: string): More => {
  const { beside = new Map(), ...rest } = site([]);
  return { ...rest, beside: new Map([...beside].filter(([path]) => path !== name)) };
};
/** Another root or list that was used before; the scripts remember nothing, so that they see nothing wrong. */
const rolledBack = (name: string, code: string, given: More, before: Files, args: readonly string[]): TamperedCase =>
  tampered(
    name,
    [],
    {},
    {
      ...given,
      beside: new Map([...(given.beside ?? []), ...before]),
      verdict: "verified",
      remembered: { args, code },
    },
  );
const newerRoot: Files = new Map([["newer-root.json", rootBytes((root) => ({ ...root, version: 4 }))]]);
const listNamed = (prefix: string, files: Files): Files =>
  new Map([...files].map(([path, bytes]) => [prefix + path, bytes]));
const RUN_ID = "019b8cc2-8400-7000-8000-000000000001";

export const revocationCases: readonly TamperedCase[] = [
  tampered("revoked/run", REVOKED("RUN"), {}, site(one("run", RUN_ID))),
  tampered("revoked/plan", REVOKED("PLAN"), {}, site(one("plan", digestOfJson(releasePlan)))),
  tampered("revoked/pack-by-digest", REVOKED("PACK"), {}, site(one("pack", releasePlan.pack.digest))),
  tampered("revoked/pack-by-version", REVOKED("PACK"), {}, site(one("pack", "acme/release@1.2.0"))),
  tampered("revoked/attestors-key", [REVOKED("KEY"), "approval-requests REVOKED_KEY"], {}, site(key("attestor"))),
  tampered("revoked/requesters-key", "run-request REVOKED_KEY", {}, site(key("requester"))),
  tampered("revoked/approvers-key", "approvals REVOKED_KEY", {}, site(key("approver-2"))),
  tampered("revoked/attestation", REVOKED("PAYLOAD"), {}, site(one("payload", payloadOf(ATTESTATION)))),
  tampered(
    "revoked/approval",
    "approvals REVOKED_PAYLOAD",
    {},
    site(one("payload", payloadOf("approvals/ok/1.sigstore.json"))),
  ),
  tampered(
    "revoked/run-request",
    "run-request REVOKED_PAYLOAD",
    {},
    site(one("payload", payloadOf("request.sigstore.json"))),
  ),
  tampered(
    "revoked/request",
    "approval-requests REVOKED_PAYLOAD",
    {},
    site(one("payload", payloadOf("approvals/ok/request.json.sigstore.json"))),
  ),
  tampered(
    "revoked/run-before-plan",
    REVOKED("RUN"),
    {},
    site([...one("plan", digestOfJson(releasePlan)), ...one("run", RUN_ID)]),
  ),
  tampered("revoked/run-by-the-bundles-own-list", REVOKED("RUN"), own(one("run", RUN_ID))),
  tampered("revoked/run-by-the-bundles-newer-list", REVOKED("RUN"), own(one("run", RUN_ID), { sequence: 5 }), site([])),
  tampered(
    "revoked/run-by-the-sites-newer-list",
    REVOKED("RUN"),
    own([], { sequence: 4 }),
    site(one("run", RUN_ID), { sequence: 5 }),
  ),
  tampered("revoked/run-by-the-sites-list-of-the-same-sequence", REVOKED("RUN"), own([]), site(one("run", RUN_ID))),
  tampered(
    "revoked/signer-of-the-bundles-newer-list",
    REVOKED("RUN"),
    own([], { sequence: 9 }),
    site([...key("revoker"), ...one("run", RUN_ID)]),
  ),
  tampered(
    "revoked/by-a-stale-list",
    REVOKED("RUN"),
    {},
    site(one("run", RUN_ID), { nextUpdate: time(3_600_000 * 23.5) }),
  ),
  tampered("list/none-although-demanded", LISTS("MISSING"), {}, demanded),
  tampered(
    "list/past-its-next-update",
    LISTS("STALE"),
    {},
    { ...site([], { nextUpdate: time(86_400_000) }), verdict: "stale" },
  ),
  tampered(
    "list/older-than-the-root-takes",
    LISTS("STALE"),
    {},
    { ...site([]), ...policy({ maxAgeHours: 1 }), verdict: "stale" },
  ),
  tampered(
    "list/signers-key-no-more",
    "revocation KEY_WINDOW",
    {},
    {
      ...site([]),
      root: (root) => ({
        ...root,
        keys: {
          ...root.keys,
          [people.revoker.keyid]: { ...root.keys[people.revoker.keyid], validUntil: time(3_600_000) },
        },
      }),
      verdict: "stale",
    },
  ),
  tampered("list/sequence-below-the-roots", LISTS("ROLLBACK"), {}, { ...site([]), ...policy({ minSequence: 5 }) }),
  tampered("list/unsigned", LISTS("UNSIGNED"), {}, without("revocations.json.sigstore.json")),
  tampered("list/of-another-domain", LISTS("DOMAIN"), {}, site([], { trustDomain: "acme-staging" })),
  tampered("list/schema", LISTS("SHAPE"), {}, site([], { schema: "packrun.revocations/v2" })),
  tampered("list/sequence-zero", LISTS("SHAPE"), {}, site([], { sequence: 0 })),
  tampered("list/first-with-a-previous-one", LISTS("SHAPE"), {}, site([], { sequence: 1 })),
  tampered("list/second-without-a-previous-one", LISTS("SHAPE"), {}, site([], { previousDigest: undefined })),
  tampered("list/next-update-before-it-is-issued", LISTS("SHAPE"), {}, site([], { nextUpdate: time(0) })),
  tampered("list/entry-twice", LISTS("SHAPE"), {}, site([...key("stranger"), ...key("stranger")])),
  tampered("list/entry-of-an-unknown-kind", LISTS("SHAPE"), {}, site(one("host", "host-1"))),
  tampered("list/key-that-is-none", LISTS("SHAPE"), {}, site(one("key", "stranger"))),
  tampered("list/signed-by-root", "revocation ROLE_NOT_HELD", {}, site([], {}, { signer: "root" })),
  tampered("list/signed-by-stranger", "revocation SIGNATURE_KEY_UNKNOWN", {}, site([], {}, { signer: "stranger" })),
  tampered(
    "list/signer-with-a-bound",
    "revocation ROLE_SCOPE",
    {},
    { ...site([]), ...role("revoker", { tenants: ["default"] }) },
  ),
  tampered(
    "list/bit-of-its-signature",
    "revocation SIGNATURE_INVALID",
    {},
    site([], {}, { signature: (message) => people.revoker.sign(Buffer.concat([message, Buffer.from(" ")])) }),
  ),
  tampered(
    "list/sidecar-of-another-list",
    "revocation STATEMENT_SUBJECT",
    {},
    {
      ...site([]),
      beside: new Map([
        ...revocations([]),
        [
          "revocations.json.sigstore.json",
          revocations(key("stranger")).get("revocations.json.sigstore.json") ?? Buffer.alloc(0),
        ],
      ]),
    },
  ),
  tampered("list/statement-of-another-sequence", LISTS("MISMATCH"), {}, site([], {}, {}, { sequence: 5 })),
  tampered(
    "list/statement-of-another-domain",
    LISTS("MISMATCH"),
    {},
    site([], {}, {}, { trustDomain: "acme-staging" }),
  ),
  tampered(
    "list/payload-type",
    "revocation ENVELOPE_PAYLOAD_TYPE",
    {},
    site(
      [],
      {},
      { sidecar: (sidecar) => ({ ...sidecar, dsseEnvelope: { ...sidecar.dsseEnvelope, payloadType: "text/plain" } }) },
    ),
  ),
  tampered(
    "list/predicate-type",
    "revocation STATEMENT_PREDICATE_TYPE",
    {},
    site(
      [],
      {},
      {
        statement: (statement) => ({
          ...statement,
          predicateType: statement.predicateType.replace("revocation-list", "trust-root"),
        }),
      },
    ),
  ),
  tampered("list/of-the-bundle-unsigned", LISTS("UNSIGNED"), {
    files: (files) => void files.set("revocations.json", revocations([]).get("revocations.json") ?? Buffer.alloc(0)),
  }),
  tampered("list/of-the-bundle-without-itself", "revocation EVIDENCE_FILE_MISSING", {
    files: (files) =>
      void files.set(
        "revocations.json.sigstore.json",
        revocations([]).get("revocations.json.sigstore.json") ?? Buffer.alloc(0),
      ),
  }),
  tampered(
    "list/of-the-bundle-by-stranger",
    "revocation SIGNATURE_KEY_UNKNOWN",
    own([], {}, { signer: "stranger" }),
    site([]),
  ),
  rolledBack("rollback/root", "TRUST_ROOT_ROLLBACK", {}, newerRoot, ["--trust", "newer-root.json"]),
  rolledBack("rollback/list", "REVOCATIONS_ROLLBACK", site([]), listNamed("newer-", revocations([], { sequence: 5 })), [
    "--revocations",
    "newer-revocations.json",
  ]),
  rolledBack(
    "rollback/another-list-of-the-same-sequence",
    "REVOCATIONS_FORKED",
    site([]),
    listNamed("other-", revocations(key("stranger"))),
    ["--revocations", "other-revocations.json"],
  ),
  rolledBack("rollback/no-list-any-more", "REVOCATIONS_MISSING", {}, listNamed("first-", revocations([])), [
    "--revocations",
    "first-revocations.json",
  ]),
  tampered(
    "strict/nothing-signed-but-the-run",
    ["revocation SIGNATURE_ABSENT", "pack-source PACK_SOURCE_FOLDER", "sbom SIGNATURE_ABSENT"],
    {},
    { args: ["--require-dsse"] },
  ),
  tampered(
    "strict/run-request-unsigned",
    ["run-request SIGNATURE_ABSENT", "pack-source PACK_SOURCE_FOLDER", "sbom SIGNATURE_ABSENT"],
    { ...own([]), runRequest: "absent" },
    { args: ["--require-dsse"] },
  ),
  tampered(
    "strict/request-unsigned",
    ["approval-requests SIGNATURE_ABSENT", "pack-source PACK_SOURCE_FOLDER", "sbom SIGNATURE_ABSENT"],
    {
      files: (files) => {
        own([]).files?.(files);
        files.delete("approvals/ok/request.json.sigstore.json");
      },
    },
    { args: ["--require-dsse"] },
  ),
  tampered(
    "strict/sbom-sidecar-alone",
    ["sbom EVIDENCE_FILE_MISSING", "revocation SIGNATURE_ABSENT", "pack-source PACK_SOURCE_FOLDER"],
    before("pack.sbom.cdx.json.sigstore.json", "{}"),
    { args: ["--require-dsse"] },
  ),
  allowed(
    "allowed/list-of-the-site",
    {},
    {
      ...site([
        ...key("stranger"),
        ...one("pack", "acme/release@1.2.1"),
        ...one("run", "019b8cc2-8400-7000-8000-000000000002"),
      ]),
      ...demanded,
    },
  ),
  allowed("allowed/list-of-the-bundle", own([]), demanded),
  allowed("allowed/first-list", {}, site([], { sequence: 1, previousDigest: undefined })),
];
