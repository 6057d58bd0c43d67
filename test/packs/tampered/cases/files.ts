import {
  forge,
  MANIFEST,
  ATTESTATION,
  revocations,
  rootBytes,
  type Change,
  type Files,
  type ListEntry,
  type Root,
} from "../forge.ts";
import { people } from "../people.ts";
import { context, releasePlan, reportFile, time } from "../release.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digest, digestOfJson, type Members, type Signing } from "../signed-file.ts";
import { allowed, END, entryOf, inOrder, tampered, type More, type TamperedCase } from "../tampered-case.ts";

const INVALID = "manifest EVIDENCE_MANIFEST_INVALID";
const MISSING = "manifest EVIDENCE_FILE_MISSING";
const EXTRA = "manifest EVIDENCE_FILE_EXTRA";
const CHANGED = "manifest EVIDENCE_FILE_CHANGED";
const UNSAFE = "sizes BUNDLE_ENTRY_UNSAFE";

const after = (edit: (files: Files) => void): Change => ({ after: edit });
const added = (path: string, text = "hello"): Change => after((files) => void files.set(path, Buffer.from(text)));
const before = (path: string, text: string): Change => ({ files: (files) => void files.set(path, Buffer.from(text)) });
const renamed = (from: string, to: string): Change =>
  after((files) => {
    files.set(to, files.get(from) ?? Buffer.alloc(0));
    files.delete(from);
  });
/** An entry of the manifest that stands for a file which is there. */
const entry = (path: string, text: string, role: string, mediaType = "application/json"): Change => ({
  manifest: (plain) => ({
    ...plain,
    hashes: [...plain.hashes, { path, sha256: digest(text).slice(7), size: text.length, mediaType, role }].toSorted(
      (a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)),
    ),
  }),
  after: (files) => void files.set(path, Buffer.from(text)),
});
const ROOT = "trust/trust-root.json";
const FILE = `artifacts/sha256/${reportFile.digest.slice(7)}`;

const fileCases: readonly TamperedCase[] = [
  tampered(
    "files/missing",
    MISSING,
    after((files) => void files.delete(ROOT)),
  ),
  tampered(
    "files/plan-missing",
    [MISSING, "plan EVIDENCE_FILE_MISSING"],
    after((files) => void files.delete("plan.canonical.json")),
  ),
  tampered(
    "files/ledger-missing",
    [MISSING, "ledger-chain EVIDENCE_FILE_MISSING"],
    after((files) => void files.delete("ledger.jsonl")),
  ),
  tampered(
    "files/lock-missing",
    [MISSING, "inputs-lock EVIDENCE_FILE_MISSING"],
    after((files) => void files.delete("inputs.lock")),
  ),
  tampered(
    "files/outputs-missing",
    [MISSING, "outputs EVIDENCE_FILE_MISSING"],
    after((files) => void files.delete("outputs.json")),
  ),
  tampered(
    "files/pack-manifest-missing",
    [MISSING, "pack EVIDENCE_FILE_MISSING"],
    after((files) => void files.delete("pack.manifest.json")),
  ),
  tampered(
    "files/request-missing",
    [MISSING, "approval-requests EVIDENCE_FILE_MISSING"],
    after((files) => void files.delete("approvals/ok/request.json")),
  ),
  tampered(
    "files/policy-context-missing",
    [MISSING, "policies POLICY_CONTEXT_MISMATCH"],
    after((files) => void files.delete("policies/check.json")),
  ),
  tampered(
    "files/attestation-missing",
    "envelope ATTESTATION_MISSING",
    after((files) => void files.delete(ATTESTATION)),
  ),
  tampered(
    "files/manifest-missing",
    MISSING,
    after((files) => void files.delete(MANIFEST)),
  ),
  tampered(
    "files/manifest-and-attestation-missing",
    [MISSING, "envelope ATTESTATION_MISSING"],
    after((files) => {
      files.delete(MANIFEST);
      files.delete(ATTESTATION);
    }),
  ),
  tampered("files/extra", EXTRA, added("notes.txt")),
  tampered("files/extra-anchor", EXTRA, added("evidence.manifest.json.anchor.sigstore.json", "{}")),
  tampered("files/extra-hidden", EXTRA, added("artifacts/.DS_Store")),
  tampered("files/extra-artifact", EXTRA, added(`artifacts/sha256/${digest("hello").slice(7)}`)),
  tampered("files/extra-case-twin", EXTRA, added("Outputs.json", "{}")),
  tampered("files/extra-nfd-twin", EXTRA, added("approvals/o\u0308k/request.json", "{}")),
  tampered("files/extra-sidecar", EXTRA, added("outputs.json.sigstore.json", "{}")),
  tampered("files/renamed", [MISSING], renamed(ROOT, "trust/root.json")),
  tampered(
    "files/renamed-in-other-case",
    [MISSING, "inputs-lock EVIDENCE_FILE_MISSING"],
    renamed("inputs.lock", "inputs.LOCK"),
  ),
  tampered(
    "files/longer",
    CHANGED,
    after((files) => void files.set(ROOT, Buffer.concat([rootBytes(), Buffer.from(" ")]))),
  ),
  tampered(
    "files/shorter",
    CHANGED,
    after((files) => void files.set(ROOT, rootBytes().subarray(1))),
  ),
  tampered(
    "files/same-size",
    CHANGED,
    after((files) => void files.set(ROOT, Buffer.from(rootBytes().map((byte, at) => (at === 90 ? byte ^ 1 : byte))))),
  ),
  tampered(
    "files/emptied",
    CHANGED,
    after((files) => void files.set(ROOT, Buffer.alloc(0))),
  ),
  tampered(
    "files/artifact-of-same-size",
    [CHANGED],
    after((files) => void files.set(FILE, Buffer.from("<p>none of it works!/p>".slice(0, reportFile.size)))),
  ),
  tampered(
    "files/sidecar-of-approval-request-left-out",
    "manifest EVIDENCE_FILE_MISSING",
    after((files) => void files.delete("approvals/ok/request.json.sigstore.json")),
  ),
  tampered(
    "files/link",
    UNSAFE,
    after((files) => void files.delete(ROOT)),
    { odd: { [`bundle/${ROOT}`]: { link: "../../trust-root.json" } } },
  ),
  tampered("files/link-to-nowhere", UNSAFE, {}, { odd: { "bundle/notes": { link: "/nonexistent" } } }),
  tampered("files/link-to-a-folder", UNSAFE, {}, { odd: { "bundle/more": { link: "." } } }),
  tampered("files/fifo", UNSAFE, {}, { odd: { "bundle/approvals/pipe": { fifo: true } } }),
  tampered("manifest/path-twice", INVALID, {
    manifest: (plain) => ({
      ...plain,
      hashes: plain.hashes.flatMap((file) => (file.path === ROOT ? [file, file] : [file])),
    }),
  }),
  tampered("manifest/out-of-order", INVALID, {
    manifest: (plain) => ({ ...plain, hashes: plain.hashes.toReversed() }),
  }),
  tampered("manifest/order-of-utf16", INVALID, {
    manifest: (plain) => ({ ...plain, hashes: [...plain.hashes.slice(1), ...plain.hashes.slice(0, 1)] }),
  }),
  tampered("manifest/traversal", INVALID, entry("../outputs.json", "{}", "outputs")),
  tampered("manifest/absolute-path", INVALID, entry("/etc/hostname", "", "artifact"), {}),
  tampered("manifest/backslash", INVALID, entry("trust\\trust-root.json", "{}", "trust")),
  tampered("manifest/dot", INVALID, entry("./outputs.json", "{}", "outputs")),
  tampered("manifest/case-twin", INVALID, entry("Outputs.json", "{}", "outputs")),
  tampered("manifest/name-that-no-bundle-has", INVALID, entry("notes.json", "{}", "artifact")),
  tampered(
    "manifest/approval-number-zero",
    INVALID,
    entry("approvals/ok/0.sigstore.json", "{}", "approval", "application/vnd.dev.sigstore.bundle.v0.3+json"),
  ),
  tampered(
    "manifest/approval-number-with-zero",
    INVALID,
    entry("approvals/ok/03.sigstore.json", "{}", "approval", "application/vnd.dev.sigstore.bundle.v0.3+json"),
  ),
  tampered("manifest/another-role", INVALID, {
    manifest: (plain) => ({
      ...plain,
      hashes: plain.hashes.map((file) => (file.path === ROOT ? { ...file, role: "plan" } : file)),
    }),
  }),
  tampered("manifest/another-media-type", INVALID, {
    manifest: (plain) => ({
      ...plain,
      hashes: plain.hashes.map((file) => (file.path === ROOT ? { ...file, mediaType: "text/plain" } : file)),
    }),
  }),
  tampered("manifest/another-size", CHANGED, {
    manifest: (plain) => ({
      ...plain,
      hashes: plain.hashes.map((file) => (file.path === ROOT ? { ...file, size: file.size + 1 } : file)),
    }),
  }),
  tampered("manifest/another-digest", CHANGED, {
    manifest: (plain) => ({
      ...plain,
      hashes: plain.hashes.map((file) => (file.path === ROOT ? { ...file, sha256: "a".repeat(64) } : file)),
    }),
  }),
  tampered("manifest/plan-not-listed", INVALID, {
    manifest: (plain) => ({ ...plain, hashes: plain.hashes.filter(({ role }) => role !== "plan") }),
  }),
  tampered("manifest/itself-listed", INVALID, entry(MANIFEST, "{}", "plan")),
  tampered("manifest/root-not-listed", EXTRA, {
    manifest: (plain) => ({ ...plain, hashes: plain.hashes.filter(({ role }) => role !== "trust") }),
  }),
  tampered("manifest/not-final", "manifest EVIDENCE_NOT_FINAL", { manifest: (plain) => ({ ...plain, final: false }) }),
  tampered("files/approval-of-no-decision", "approvals EVIDENCE_FILE_UNNAMED", {
    files: (files) =>
      void files.set("approvals/ok/3.sigstore.json", files.get("approvals/ok/1.sigstore.json") ?? Buffer.alloc(0)),
  }),
  tampered("files/request-of-no-gate", "approvals EVIDENCE_FILE_UNNAMED", {
    files: (files) =>
      void files.set("approvals/other/request.json", files.get("approvals/ok/request.json") ?? Buffer.alloc(0)),
  }),
  tampered(
    "files/context-of-no-gate",
    "policies EVIDENCE_FILE_UNNAMED",
    before("policies/other.json", String(Buffer.from(canonicalBytes(context)))),
  ),
  tampered(
    "files/context-other-than-the-ledgers",
    "policies POLICY_CONTEXT_MISMATCH",
    before("policies/check.json", "{}"),
  ),
  allowed("allowed/unsigned-request-of-approval", {
    files: (files) => void files.delete("approvals/ok/request.json.sigstore.json"),
  }),
  allowed("allowed/no-run-request", { runRequest: "absent" }),
];

const TAR = "sizes BUNDLE_TAR_INVALID";
const tar = (edit: (tar: Buffer, files: Files) => Uint8Array): More => ({ tar: edit });
/** A header with other bytes at some places, and the sum that is then right. */
function header(block: Uint8Array, more: Readonly<Record<number, string | Uint8Array>>): Buffer {
  const made = Buffer.from(block.subarray(0, 512));
  for (const [at, bytes] of Object.entries(more)) {
    made.set(Buffer.from(bytes as Uint8Array), Number(at));
  }
  made.write("        ", 148);
  made.write(
    `${made
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
  );
  return made;
}
/** Other bytes in the first header. */
const first = (more: Readonly<Record<number, string | Uint8Array>>): More =>
  tar((plain) => Buffer.concat([header(plain, more), plain.subarray(512)]));
const entries = (files: Files): readonly Buffer[] => inOrder(files).map(([path, bytes]) => entryOf(path, bytes));
const joined = (parts: readonly Uint8Array[]): Buffer => Buffer.concat([...parts, END]);
const strange = (name: string, type: string, text: string): Buffer => {
  const plain = entryOf(name, Buffer.from(text));
  return Buffer.concat([header(plain, { 156: type }), plain.subarray(512)]);
};

const tarCases: readonly TamperedCase[] = [
  tampered("tar/size-too-large", TAR, {}, first({ 124: "00000010000" })),
  tampered("tar/size-too-small", TAR, {}, first({ 124: "00000000001" })),
  tampered("tar/size-beyond-the-file", TAR, {}, first({ 124: "77777777777" })),
  tampered("tar/size-in-base-256", TAR, {}, first({ 124: Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 200) })),
  tampered("tar/size-with-spaces", TAR, {}, first({ 124: "      10000 " })),
  tampered(
    "tar/checksum",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain.subarray(0, 148), Buffer.from("000000\0 "), plain.subarray(156)])),
  ),
  tampered(
    "tar/checksum-in-another-spelling",
    TAR,
    {},
    tar((plain) => Buffer.from(plain.map((byte, at) => (at === 154 ? 0x20 : at === 155 ? 0 : byte)))),
  ),
  tampered("tar/mode", TAR, {}, first({ 100: "0000755" })),
  tampered("tar/owner", TAR, {}, first({ 108: "0001750" })),
  tampered("tar/owner-by-name", TAR, {}, first({ 265: "root" })),
  tampered("tar/time", TAR, {}, first({ 136: "15000000000" })),
  tampered("tar/device-number", TAR, {}, first({ 329: "0000001" })),
  tampered("tar/link-name-of-a-file", TAR, {}, first({ 157: "target" })),
  tampered("tar/old-magic", TAR, {}, first({ 257: "ustar  \0" })),
  tampered("tar/no-magic", TAR, {}, first({ 257: Buffer.alloc(8) })),
  tampered("tar/old-kind-of-file", TAR, {}, first({ 156: "\0" })),
  tampered("tar/contiguous-file", TAR, {}, first({ 156: "7" })),
  tampered("tar/bytes-behind-the-name", TAR, {}, first({ 40: "x" })),
  tampered("tar/last-bytes-of-header", TAR, {}, first({ 500: "x" })),
  tampered(
    "tar/link",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "2", "")])),
  ),
  tampered(
    "tar/hard-link",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "1", "")])),
  ),
  tampered(
    "tar/folder",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz/", "5", "")])),
  ),
  tampered(
    "tar/device",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "3", "")])),
  ),
  tampered(
    "tar/fifo",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "6", "")])),
  ),
  tampered(
    "tar/pax-header",
    TAR,
    {},
    tar((_, files) => joined([strange("PaxHeaders/x", "x", "20 path=outputs.json\n"), ...entries(files)])),
  ),
  tampered(
    "tar/global-pax-header",
    TAR,
    {},
    tar((_, files) => joined([strange("pax_global_header", "g", "20 comment=hello...\n"), ...entries(files)])),
  ),
  tampered(
    "tar/gnu-long-name",
    TAR,
    {},
    tar((_, files) => joined([strange("././@LongLink", "L", "outputs.json\0"), ...entries(files)])),
  ),
  tampered(
    "tar/gnu-sparse",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), strange("zz", "S", "")])),
  ),
  tampered(
    "tar/two-manifests",
    TAR,
    {},
    tar((_, files) => joined([...entries(files).slice(0, 1), ...entries(files)])),
  ),
  tampered(
    "tar/second-manifest-at-the-end",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), ...entries(files).slice(0, 1)])),
  ),
  tampered(
    "tar/file-twice",
    TAR,
    {},
    tar((_, files) => joined([...entries(files), ...entries(files).slice(-1)])),
  ),
  tampered(
    "tar/two-files-exchanged",
    TAR,
    {},
    tar((_, files) => joined(entries(files).toSpliced(3, 2, ...entries(files).slice(3, 5).toReversed()))),
  ),
  tampered(
    "tar/sidecar-before-the-manifest",
    TAR,
    {},
    tar((_, files) => joined([...entries(files).slice(0, 2).toReversed(), ...entries(files).slice(2)])),
  ),
  tampered(
    "tar/manifest-last",
    TAR,
    {},
    tar((_, files) => joined([...entries(files).slice(1), ...entries(files).slice(0, 1)])),
  ),
  tampered(
    "tar/one-zero-block",
    TAR,
    {},
    tar((plain) => plain.subarray(0, -512)),
  ),
  tampered(
    "tar/no-zero-block",
    TAR,
    {},
    tar((plain) => plain.subarray(0, -1024)),
  ),
  tampered(
    "tar/three-zero-blocks",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, Buffer.alloc(512)])),
  ),
  tampered(
    "tar/record-of-twenty-blocks",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, Buffer.alloc(10_240 - (plain.length % 10_240))])),
  ),
  tampered(
    "tar/trailing-byte",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, Buffer.from([0])])),
  ),
  tampered(
    "tar/trailing-archive",
    TAR,
    {},
    tar((plain) => Buffer.concat([plain, plain])),
  ),
  tampered(
    "tar/cut-in-a-file",
    TAR,
    {},
    tar((plain) => plain.subarray(0, 3000)),
  ),
  tampered(
    "tar/cut-in-a-header",
    TAR,
    {},
    tar((_, files) => Buffer.concat(entries(files)).subarray(0, (entries(files)[0]?.length ?? 0) + 100)),
  ),
  tampered(
    "tar/padding",
    TAR,
    {},
    tar((plain) => {
      const { length } = plain;
      return Buffer.from(plain.map((byte, at) => (at === length - 1025 ? 1 : byte)));
    }),
  ),
  tampered("tar/empty-name", TAR, {}, first({ 0: Buffer.alloc(100) })),
  tampered(
    "tar/empty",
    TAR,
    {},
    tar(() => Buffer.alloc(0)),
  ),
  tampered(
    "tar/compressed",
    TAR,
    {},
    tar(() => Buffer.from("1f8b0800000000000003ed", "hex")),
  ),
  tampered(
    "tar/name-that-is-no-utf8",
    TAR,
    {},
    tar((_, files) =>
      joined([
        ...entries(files),
        Buffer.concat([header(entryOf("zz", Buffer.alloc(0)), { 0: Uint8Array.of(0x7a, 0xff) })]),
      ]),
    ),
  ),
  tampered(
    "tar/byte-order-mark-in-name",
    EXTRA,
    {},
    tar((_, files) => joined([...entries(files), entryOf("\ufeffzz", Buffer.alloc(0))])),
  ),
  tampered(
    "tar/overlong-utf8-in-name",
    TAR,
    {},
    tar((_, files) =>
      joined([
        ...entries(files),
        Buffer.concat([header(entryOf("zz", Buffer.alloc(0)), { 0: Uint8Array.of(0x7a, 0xc0, 0xaf) })]),
      ]),
    ),
  ),
  tampered(
    "tar/surrogate-in-name",
    TAR,
    {},
    tar((_, files) =>
      joined([
        ...entries(files),
        Buffer.concat([header(entryOf("zz", Buffer.alloc(0)), { 0: Uint8Array.of(0x7a, 0xed, 0xa0, 0x80) })]),
      ]),
    ),
  ),
  tampered(
    "tar/long-name-cut-elsewhere",
    TAR,
    {},
    tar((_, files) => {
      const path = `trust/${"x".repeat(40)}/${"y".repeat(40)}/${"z".repeat(40)}`;
      const plain = entryOf(path, Buffer.alloc(0));
      const cut = path.lastIndexOf("/");
      const name = Buffer.alloc(100);
      name.write(path.slice(cut + 1));
      return joined([...entries(files), header(plain, { 0: name, 345: path.slice(0, cut) })]);
    }),
  ),
  tampered(
    "tar/nothing-in-it",
    [MISSING, "envelope ATTESTATION_MISSING"],
    {},
    tar(() => Buffer.from(END)),
  ),
  tampered(
    "tar/traversal",
    EXTRA,
    {},
    tar((_, files) =>
      joined([...entries(files).slice(0, 2), entryOf("../outside", Buffer.from("x")), ...entries(files).slice(2)]),
    ),
  ),
  tampered(
    "tar/absolute-path",
    EXTRA,
    {},
    tar((_, files) =>
      joined([...entries(files).slice(0, 2), entryOf("/outside", Buffer.from("x")), ...entries(files).slice(2)]),
    ),
  ),
  tampered(
    "tar/dot",
    EXTRA,
    {},
    tar((_, files) =>
      joined([...entries(files).slice(0, 2), entryOf("./outputs.json", Buffer.from("{}")), ...entries(files).slice(2)]),
    ),
  ),
  tampered(
    "tar/file-left-out",
    MISSING,
    {},
    tar((_, files) => joined(entries(files).slice(0, -1))),
  ),
  tampered(
    "tar/file-changed",
    CHANGED,
    { after: (files) => void files.set(ROOT, Buffer.from("{}")) },
    tar((plain) => plain),
  ),
  tampered(
    "tar/attestation-by-stranger",
    "signature SIGNATURE_KEY_UNKNOWN",
    { signing: { signer: "stranger" } },
    tar((plain) => plain),
  ),
  allowed(
    "allowed/archive",
    {},
    tar((plain) => plain),
  ),
];

const SHAPE = "trust-root TRUST_ROOT_SHAPE";
const ROLE = "trust-root TRUST_ROOT_ROLE";
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
const keyidsOf = (root: Root, name: string): readonly string[] => root.roles[name]?.["keyids"] as string[];

const rootCases: readonly TamperedCase[] = [
  tampered("root/none", "trust-root VERIFY_TRUST_MISSING", {}, { args: ["--no-trust"] }),
  tampered(
    "root/the-bundles-own-text",
    "trust-root TRUST_ROOT_SYNTAX",
    {},
    { rootBytes: () => Buffer.from(people.root.pem) },
  ),
  tampered("root/schema", SHAPE, {}, rooted({ schema: "packrun.trust-root/v2" })),
  tampered("root/unknown-member", SHAPE, {}, rooted({ comment: "" })),
  tampered("root/version-zero", SHAPE, {}, rooted({ version: 0 })),
  tampered("root/no-keys", SHAPE, {}, rooted({ keys: undefined })),
  tampered(
    "root/least-age-zero",
    SHAPE,
    {},
    rooted({ policy: { revocation: { required: true, maxAgeHours: 0, minSequence: 0 } } }),
  ),
  tampered(
    "root/principal",
    SHAPE,
    {},
    {
      root: (root) => ({
        ...root,
        keys: Object.fromEntries(
          Object.entries(root.keys).map(([keyid, key]) => [keyid, { ...key, principal: "two words" }]),
        ),
      }),
    },
  ),
  tampered(
    "root/expires-before-it-is-issued",
    "trust-root TRUST_ROOT_TIME",
    {},
    rooted({ expires: time(-11 * 86_400_000) }),
  ),
  tampered("root/no-root-role", ROLE, {}, role("root", undefined)),
  tampered("root/threshold-that-nobody-reaches", ROLE, {}, role("root", { threshold: 3 })),
  tampered("root/threshold-of-another-role", ROLE, {}, role("approver", { threshold: 2 })),
  tampered(
    "root/key-twice-in-a-role",
    ROLE,
    {},
    {
      root: (root) => ({
        ...root,
        roles: {
          ...root.roles,
          approver: {
            ...root.roles["approver"],
            keyids: [...keyidsOf(root, "approver"), ...keyidsOf(root, "approver")],
          },
        },
      }),
    },
  ),
  tampered(
    "root/role-with-unknown-key",
    ROLE,
    {},
    {
      root: (root) => ({
        ...root,
        roles: { ...root.roles, approver: { ...root.roles["approver"], keyids: [people.stranger.keyid] } },
      }),
    },
  ),
  tampered(
    "root/token-twice",
    "trust-root TRUST_ROOT_TOKEN",
    {},
    rooted({
      tokens: ["approver-1", "approver-2"].map((principal) => ({
        iss: "https://id.acme.example",
        sub: "a",
        principal,
      })),
    }),
  ),
  tampered("root/of-another-domain", "bindings BINDING_MISMATCH", {}, rooted({ trustDomain: "acme-staging" })),
  tampered(
    "root/expired",
    "freshness TRUST_ROOT_EXPIRED",
    {},
    { ...rooted({ expires: time(43_200_000) }), verdict: "stale" },
  ),
  tampered(
    "root/expired-to-the-millisecond",
    "freshness TRUST_ROOT_EXPIRED",
    {},
    { ...rooted({ expires: time(86_400_000) }), verdict: "stale" },
  ),
  tampered(
    "root/attestor-without-a-role",
    ["role ROLE_NOT_HELD", "approval-requests ROLE_NOT_HELD"],
    {},
    role("run-attestor", undefined),
  ),
  tampered(
    "root/attestors-key-dropped",
    ["signature SIGNATURE_KEY_UNKNOWN", "approval-requests SIGNATURE_KEY_UNKNOWN"],
    {},
    {
      root: (root) => ({
        ...root,
        keys: Object.fromEntries(Object.entries(root.keys).filter(([keyid]) => keyid !== people.attestor.keyid)),
        roles: {
          ...root.roles,
          "run-attestor": { ...root.roles["run-attestor"], keyids: [people["attestor-2"].keyid] },
        },
      }),
    },
  ),
  allowed("allowed/last-millisecond-of-the-root", {}, rooted({ expires: time(86_400_001) })),
];

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

const revocationCases: readonly TamperedCase[] = [
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
    "strict/sbom-that-nobody-checks",
    ["sbom SIGNATURE_UNCHECKED", "revocation SIGNATURE_ABSENT", "pack-source PACK_SOURCE_FOLDER"],
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

export const siteCases: readonly TamperedCase[] = [...fileCases, ...tarCases, ...rootCases, ...revocationCases];
