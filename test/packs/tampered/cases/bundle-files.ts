import { MANIFEST, ATTESTATION, type Change, type Files } from "../change.ts";
import { rootBytes } from "../site-trust.ts";
import { context, reportFile } from "../release.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digest } from "../signed-file.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";

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

export const fileCases: readonly TamperedCase[] = [
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
  tampered("manifest/gate-number-with-zero", INVALID, entry("policies/push[00]::check.json", "{}", "policy-context")),
  tampered(
    "manifest/gate-id-too-long",
    INVALID,
    entry(`policies/${"a".repeat(50)}[0]::${"b".repeat(36)}.json`, "{}", "policy-context"),
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
  tampered("manifest/not-final", INVALID, { manifest: (plain) => ({ ...plain, final: false }) }),
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
