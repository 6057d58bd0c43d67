import t from "tap";
import { mediaTypeOf, roleOf } from "#evidence/evidence-path.ts";

t.test("every file of the layout has its role, a sidecar that of its file", async (t) => {
  const hex = "a".repeat(64);
  const roles = {
    "plan.canonical.json": "plan",
    "inputs.lock": "inputs-lock",
    "ledger.jsonl": "ledger",
    "outputs.json": "outputs",
    "pack.manifest.json": "pack-manifest",
    "request.sigstore.json": "run-request",
    "approvals/ok/request.json": "approval-request",
    "approvals/ok/request.json.sigstore.json": "approval-request",
    "approvals/ok/12.sigstore.json": "approval",
    [`approvals/${hex}/1.sigstore.json`]: "approval",
    [`artifacts/sha256/${hex}`]: "artifact",
    "policies/rollout[0]::check.json": "policy-context",
    [`policies/${hex}.json`]: "policy-context",
    [`policies/${"a".repeat(50)}[0]::${"b".repeat(35)}.json`]: "policy-context",
    "egress.jsonl": "egress",
    "pack.sbom.cdx.json.sigstore.json": "sbom",
    "pack.attestation.sigstore.json": "pack-attestation",
    "revocations.json.sigstore.json": "revocations",
    "trust/trust-root.json": "trust",
  };
  for (const [path, role] of Object.entries(roles)) {
    t.equal(roleOf(path), role, path);
  }
});

t.test("a path outside the layout has no role", async (t) => {
  for (const path of [
    "",
    "evidence.manifest.json",
    "../plan.canonical.json",
    "/etc/passwd",
    "approvals/../request.json",
    "approvals/ok/0.sigstore.json",
    "approvals/ok/01.sigstore.json",
    "approvals/Ok/request.json",
    "artifacts/sha256/ABC",
    "artifacts/sha512/00",
    "policies/a/b.json",
    "policies/rollout[*]::check.json",
    "policies/rollout[00]::check.json",
    `policies/${"a".repeat(50)}[0]::${"b".repeat(36)}.json`,
    `approvals/${"a".repeat(50)}[0]::${"b".repeat(36)}/request.json`,
    "plan.canonical.json\n",
    "notes.txt",
  ]) {
    t.equal(roleOf(path), undefined, JSON.stringify(path));
  }
});

t.test("media types follow the name, those of artifacts their declaration", async (t) => {
  t.equal(mediaTypeOf("inputs.lock"), "application/json");
  t.equal(mediaTypeOf("ledger.jsonl"), "application/x-ndjson");
  t.equal(mediaTypeOf("request.sigstore.json"), "application/vnd.dev.sigstore.bundle.v0.3+json");
  t.equal(mediaTypeOf("artifacts/sha256/00", "text/html"), "text/html");
  t.equal(mediaTypeOf("artifacts/sha256/00"), "application/octet-stream");
});
