import { forge } from "../forge.ts";
import type { Change, Files } from "../change.ts";
import { releasePlan, time } from "../release.ts";
import type { Members } from "../signed-file.ts";
import { tampered, type TamperedCase } from "../tampered-case.ts";

const otherPlan = `sha256:${"a".repeat(64)}`;
const otherRun = "019b8cc2-8400-7000-8000-000000000002";
const asked = (more: Members): Change => ({ request: (plain) => ({ ...plain, ...more }) });
const REQUEST = "approval-requests APPROVAL_REQUEST_MISMATCH";
const RUN = "run-request RUN_REQUEST_MISMATCH";
const predicate = (more: Members): Change => ({ predicate: (plain) => ({ ...plain, ...more }) });
const swap = (path: string, other: Change): Change => ({
  files: (files) => void files.set(path, forge(other).get(path) ?? Buffer.alloc(0)),
});
const after = (path: string, other: Change): Change => ({
  after: (files: Files) => void files.set(path, forge(other).get(path) ?? Buffer.alloc(0)),
});
const STATEMENT = "statement STATEMENT_MISMATCH";
const FOLD = "ledger-fold STATEMENT_MISMATCH";
const created = (more: Members): Change => ({
  events: (events) =>
    events.map((event) =>
      event.eventType === "run.created" ? { ...event, metadata: { ...event.metadata, ...more } } : event,
    ),
});

export const bindingCases: readonly TamperedCase[] = [
  tampered(
    "binding/attestation-of-another-run",
    "subject STATEMENT_SUBJECT",
    after("evidence.manifest.json.sigstore.json", { identity: { runId: otherRun } }),
  ),
  tampered(
    "binding/manifest-of-another-run",
    ["subject STATEMENT_SUBJECT", "ledger-chain LEDGER_BROKEN", "manifest EVIDENCE_FILE_CHANGED"],
    after("evidence.manifest.json", { identity: { runId: otherRun } }),
  ),
  tampered("binding/subject-of-another-manifest", "subject STATEMENT_SUBJECT", {
    subjects: (plain) => plain.map((each, at) => (at === 0 ? { ...each, digest: otherPlan } : each)),
  }),
  tampered("binding/manifest-in-second-place", "subject STATEMENT_SUBJECT", {
    subjects: (plain) => plain.toReversed(),
  }),
  tampered("binding/subject-of-another-name", FOLD, {
    subjects: (plain) => plain.map((each, at) => (at === 0 ? { ...each, name: "manifest.json" } : each)),
  }),
  tampered("binding/output-not-among-subjects", FOLD, { subjects: (plain) => plain.slice(0, 1) }),
  tampered("binding/one-subject-more", FOLD, { subjects: (plain) => [...plain, { name: "other", digest: otherPlan }] }),
  tampered("binding/output-of-another-digest", FOLD, {
    subjects: (plain) => plain.map((each, at) => (at === 1 ? { ...each, digest: otherPlan } : each)),
  }),
  tampered("binding/run-id", "bindings BINDING_MISMATCH", predicate({ runId: otherRun })),
  tampered("binding/tenant", "bindings BINDING_MISMATCH", predicate({ tenantId: "other" })),
  tampered("binding/trust-domain", "bindings BINDING_MISMATCH", predicate({ trustDomain: "acme-staging" })),
  tampered("binding/plan-hash", "bindings BINDING_MISMATCH", predicate({ planHash: otherPlan })),
  tampered("binding/bundle-of-another-domain", "bindings BINDING_MISMATCH", {
    identity: { trustDomain: "acme-staging" },
  }),
  tampered(
    "binding/another-plan-was-approved",
    "plan-hash ASSERTED_PLAN_MISMATCH",
    {},
    { args: ["--plan-hash", otherPlan] },
  ),
  tampered("binding/plan-hash-of-the-manifest", "manifest EVIDENCE_MANIFEST_INVALID", {
    manifest: (plain) => ({ ...plain, plan: { hash: otherPlan, canonicalPlanPath: "plan.canonical.json" } }),
  }),
  tampered("binding/plan-exchanged", "plan PLAN_BYTES_MISMATCH", {
    files: (files) =>
      void files.set(
        "plan.canonical.json",
        Buffer.from(String(files.get("plan.canonical.json")).replace('"pids":64', '"pids":65')),
      ),
  }),
  tampered("binding/request-of-another-gate", REQUEST, asked({ gateId: "deploy" })),
  tampered("binding/request-of-another-rule", REQUEST, asked({ approval: "come" })),
  tampered("binding/request-of-another-run", REQUEST, asked({ runId: otherRun })),
  tampered("binding/request-of-another-plan", REQUEST, asked({ planHash: otherPlan })),
  tampered("binding/request-of-another-tenant", REQUEST, asked({ tenantId: "other" })),
  tampered("binding/request-of-another-domain", REQUEST, asked({ trustDomain: "acme-staging" })),
  tampered("binding/request-of-another-requester", REQUEST, asked({ requestedBy: "approver-1" })),
  tampered("binding/request-with-another-message", REQUEST, asked({ message: "Only a test" })),
  tampered("binding/request-of-another-pack", REQUEST, asked({ pack: { ...releasePlan.pack, version: "1.1.9" } })),
  tampered("binding/request-without-an-input", REQUEST, {
    request: (plain) => ({ ...plain, inputs: (plain["inputs"] as unknown[]).slice(1) }),
  }),
  tampered("binding/request-open-longer-than-its-rule", REQUEST, asked({ notAfter: time(1500 + 7_200_000) })),
  tampered("binding/request-asked-earlier", REQUEST, asked({ requestedAt: time(1400) })),
  tampered(
    "binding/request-other-than-the-ledgers",
    REQUEST,
    swap("approvals/ok/request.json", asked({ nonce: "3".repeat(32) })),
  ),
  tampered("binding/request-limit-other-than-the-ledgers", REQUEST, {
    events: (events) =>
      events.map((event) =>
        event.eventType === "gate.opened"
          ? { ...event, metadata: { ...event.metadata, notAfter: time(1501 + 3_600_000) } }
          : event,
      ),
  }),
  tampered("binding/request-statement-of-another-gate", REQUEST, {
    requestPredicate: (plain) => ({ ...plain, gateId: "deploy" }),
  }),
  tampered("binding/request-statement-of-another-nonce", REQUEST, {
    requestPredicate: (plain) => ({ ...plain, nonce: "3".repeat(32) }),
  }),
  tampered("binding/request-statement-of-another-file", "approval-requests STATEMENT_SUBJECT", {
    requestSigning: {
      statement: (plain) => ({ ...plain, subject: [{ name: "request.json", digest: { sha256: "a".repeat(64) } }] }),
    },
  }),
  tampered("binding/run-request-of-another-run", RUN, { runRequest: (plain) => ({ ...plain, runId: otherRun }) }),
  tampered("binding/run-request-of-another-tenant", RUN, { runRequest: (plain) => ({ ...plain, tenantId: "other" }) }),
  tampered("binding/run-request-of-another-domain", RUN, {
    runRequest: (plain) => ({ ...plain, trustDomain: "acme-staging" }),
  }),
  tampered("binding/run-request-of-another-plan", RUN, { runRequest: (plain) => ({ ...plain, planHash: otherPlan }) }),
  tampered("binding/run-request-by-another", RUN, { runRequest: (plain) => ({ ...plain, requestedBy: "approver-1" }) }),
  tampered(
    "binding/run-request-other-than-the-ledgers",
    RUN,
    swap("request.sigstore.json", { runRequest: (plain) => ({ ...plain, nonce: "4".repeat(32) }) }),
  ),
  tampered("binding/run-request-of-another-file", "run-request STATEMENT_SUBJECT", {
    runRequestSigning: {
      statement: (plain) => ({
        ...plain,
        subject: [{ name: "plan.canonical.json", digest: { sha256: "a".repeat(64) } }],
      }),
    },
  }),
  tampered("binding/lock-of-another-plan", "inputs-lock INPUTS_LOCK_MISMATCH", {
    lock: (plain) => ({ ...plain, planHash: otherPlan }),
  }),
  tampered("binding/lock-of-another-tenant", "inputs-lock INPUTS_LOCK_MISMATCH", {
    lock: (plain) => ({ ...plain, tenantId: "other" }),
  }),
  tampered("binding/lock-other-than-the-ledgers", "inputs-lock INPUTS_LOCK_MISMATCH", {
    files: (files) =>
      void files.set("inputs.lock", Buffer.from(String(files.get("inputs.lock")).replaceAll('"cli"', '"api"'))),
  }),
  tampered("binding/lock-with-another-value", "inputs-lock INPUTS_LOCK_MISMATCH", {
    lockBytes: (plain) => Buffer.from(String(plain).replace('"value":"beta"', '"value":"prod"')),
  }),
  tampered("binding/lock-without-an-input", "inputs-lock INPUTS_LOCK_MISMATCH", {
    lock: (plain) => ({ ...plain, inputs: { channel: (plain["inputs"] as Members)["channel"] } }),
  }),
  tampered("binding/pack-digest-of-the-ledger", "pack PACK_MISMATCH", created({ packDigest: otherPlan })),
  tampered("binding/pack-manifest-of-another-pack", "pack PACK_MISMATCH", {
    files: (files) => void files.set("pack.manifest.json", Buffer.from("[]")),
  }),
  tampered("binding/attested-pack", STATEMENT, predicate({ pack: { ...releasePlan.pack, version: "1.2.1" } })),
  tampered("binding/attested-source", STATEMENT, predicate({ packSource: "registry" })),
  tampered("binding/attested-inputs", STATEMENT, predicate({ inputs: [] })),
  tampered("binding/attested-lock", STATEMENT, predicate({ inputsLock: { digest: otherPlan } })),
  tampered("binding/attested-outcome", STATEMENT, predicate({ outcome: "failed" })),
  tampered("binding/attested-reason", STATEMENT, predicate({ reason: "STEP_EXIT" })),
  tampered("binding/attested-manifest", STATEMENT, {
    predicate: (plain) => ({ ...plain, evidence: { ...(plain["evidence"] as Members), manifestDigest: otherPlan } }),
  }),
  tampered("binding/attested-number-of-files", STATEMENT, {
    predicate: (plain) => ({ ...plain, evidence: { ...(plain["evidence"] as Members), fileCount: 1 } }),
  }),
  tampered("binding/attested-approvals", FOLD, predicate({ approvals: [] })),
  tampered("binding/attested-head", FOLD, {
    predicate: (plain) => ({ ...plain, ledger: { ...(plain["ledger"] as Members), headHash: otherPlan } }),
  }),
  tampered("binding/attested-count", FOLD, {
    predicate: (plain) => ({ ...plain, ledger: { ...(plain["ledger"] as Members), count: 1 } }),
  }),
  tampered("binding/attested-ledger", FOLD, {
    predicate: (plain) => ({ ...plain, ledger: { ...(plain["ledger"] as Members), digest: otherPlan } }),
  }),
  tampered("binding/attested-engine", FOLD, predicate({ engine: { name: "packrun", version: "9.9.9" } })),
  tampered(
    "binding/attested-enforcement",
    FOLD,
    predicate({ sandbox: { mode: "sealed", enforcement: { memoryBytes: "kernel-tree", pids: "kernel-tree" } } }),
  ),
  tampered(
    "binding/attested-mode",
    FOLD,
    predicate({ sandbox: { mode: "restricted", enforcement: { memoryBytes: "kernel-tree" } } }),
  ),
  tampered("binding/attested-start", FOLD, predicate({ startedAt: time(401) })),
  tampered("binding/attested-end", FOLD, predicate({ completedAt: time(401) })),
  tampered("binding/attested-request", FOLD, predicate({ requestedAt: time(0) })),
  tampered("binding/attested-redaction", "redaction STATEMENT_MISMATCH", predicate({ redaction: { policy: "hash" } })),
  tampered("binding/attested-step-succeeded", FOLD, {
    statuses: (plain) => plain.map((each) => (each.id === "notify" ? { ...each, status: "succeeded" } : each)),
  }),
  tampered("binding/attested-step-left-out", FOLD, { statuses: (plain) => plain.filter(({ id }) => id !== "notify") }),
  tampered("binding/attested-steps-out-of-order", FOLD, { statuses: (plain) => plain.toReversed() }),
];
