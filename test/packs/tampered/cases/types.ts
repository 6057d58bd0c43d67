import type { Change, Decision, Listed, Manifest } from "../change.ts";
import type { Event, Plan } from "../release.ts";
import { omit, type Members } from "../signed-file.ts";
import { tampered, type TamperedCase } from "../tampered-case.ts";

const manifest = (more: Members): Change => ({ manifest: (plain) => without({ ...plain, ...more }) });
const listed = (edit: (file: Listed) => unknown): Change => ({
  manifest: (plain: Manifest) => ({ ...plain, hashes: plain.hashes.map((file) => edit(file)) }),
});
const predicate = (more: Members): Change => ({ predicate: (plain) => without({ ...plain, ...more }) });
const plan = (more: (plan: Plan) => Members): Change => ({ plan: (plain) => ({ ...plain, ...more(plain) }) });
const event = (type: string, edit: (event: Event) => unknown): Change => ({
  events: (events) => events.map((each) => (each.eventType === type ? (edit(each) as Event) : each)),
});
const metadata = (type: string, more: Members): Change =>
  event(type, (each) => ({ ...each, metadata: without({ ...each.metadata, ...more }) }));
const decided = (predicate: Decision["predicate"]): Change => ({
  decisions: [{ by: "approver-1", ...(predicate === undefined ? {} : { predicate }) }, { by: "approver-2" }],
});
/** Members that are undefined are left out. */
const without = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

const INVALID = "manifest EVIDENCE_MANIFEST_INVALID";
const SHAPE = "schema STATEMENT_SHAPE";
const BROKEN = "ledger-chain LEDGER_BROKEN";

export const typeCases: readonly TamperedCase[] = [
  tampered(
    "types/manifest-size-is-text",
    INVALID,
    listed((file) => ({ ...file, size: String(file.size) })),
  ),
  tampered(
    "types/manifest-size-negative",
    INVALID,
    listed((file) => ({ ...file, size: -file.size })),
  ),
  tampered(
    "types/manifest-size-fraction",
    INVALID,
    listed((file) => ({ ...file, size: file.size + 0.5 })),
  ),
  tampered(
    "types/manifest-digest-upper-case",
    INVALID,
    listed((file) => ({ ...file, sha256: file.sha256.toUpperCase() })),
  ),
  tampered(
    "types/manifest-digest-prefixed",
    INVALID,
    listed((file) => ({ ...file, sha256: `sha256:${file.sha256}` })),
  ),
  tampered(
    "types/manifest-file-with-more",
    INVALID,
    listed((file) => ({ ...file, mode: "644" })),
  ),
  tampered("types/manifest-missing-verifier", INVALID, manifest({ verifier: undefined })),
  tampered("types/manifest-with-more", INVALID, manifest({ note: "" })),
  tampered("types/manifest-null", INVALID, manifest({ verifier: null })),
  tampered("types/manifest-final-is-text", INVALID, manifest({ final: "true" })),
  tampered("types/manifest-run-id-version-4", INVALID, manifest({ runId: "019b8cc2-8400-4000-8000-000000000001" })),
  tampered("types/manifest-run-id-upper-case", INVALID, manifest({ runId: "019B8CC2-8400-7000-8000-000000000001" })),
  tampered("types/manifest-tenant", INVALID, manifest({ tenantId: "Default" })),
  tampered("types/manifest-proto", INVALID, {
    manifestBytes: (plain) => Buffer.from(String(plain).replace('{"final"', '{"__proto__":{},"final"')),
  }),
  tampered("types/manifest-is-a-list", INVALID, { manifest: (plain) => [plain] }),
  tampered("types/attestation-version-is-text", SHAPE, predicate({ schemaVersion: "1" })),
  tampered("types/attestation-missing-steps", SHAPE, {
    signing: { statement: (plain) => ({ ...plain, predicate: without({ ...plain.predicate, steps: undefined }) }) },
  }),
  tampered("types/attestation-with-more", SHAPE, predicate({ verified: true })),
  tampered("types/attestation-reason-is-null", SHAPE, predicate({ reason: null })),
  tampered("types/attestation-time-without-milliseconds", SHAPE, predicate({ completedAt: "2026-01-05T08:00:04Z" })),
  tampered("types/attestation-time-that-is-none", SHAPE, predicate({ completedAt: "2026-02-30T08:00:04.000Z" })),
  tampered("types/attestation-time-24-hours", SHAPE, predicate({ completedAt: "2026-01-05T24:00:00.000Z" })),
  tampered("types/attestation-time-leap-second", SHAPE, predicate({ completedAt: "2026-06-30T23:59:60.000Z" })),
  tampered("types/attestation-outcome", SHAPE, predicate({ outcome: "passed" })),
  tampered("types/attestation-subject-with-more", SHAPE, {
    signing: { statement: (plain) => ({ ...plain, subject: plain.subject.map((each) => ({ ...each, uri: "" })) }) },
  }),
  tampered("types/attestation-subject-digest-of-another-kind", SHAPE, {
    signing: {
      statement: (plain) => ({
        ...plain,
        subject: plain.subject.map(({ name, digest }) => ({ name, digest: { ...digest, sha512: "" } })),
      }),
    },
  }),
  tampered("types/attestation-no-subject", SHAPE, { signing: { statement: (plain) => ({ ...plain, subject: [] }) } }),
  tampered("types/attestation-digest-upper-case", SHAPE, {
    signing: {
      statement: (plain) => ({
        ...plain,
        subject: plain.subject.map(({ name, digest }) => ({ name, digest: { sha256: digest.sha256.toUpperCase() } })),
      }),
    },
  }),
  tampered("types/attestation-too-many-subjects", SHAPE, {
    subjects: (plain) => Array.from({ length: 1025 }, () => plain[0] ?? { name: "", digest: "" }),
  }),
  tampered("types/statement-v0.1", "payload STATEMENT_TYPE", {
    signing: { statement: (plain) => ({ ...plain, _type: "https://in-toto.io/Statement/v0.1" }) },
  }),
  tampered("types/predicate-type", "payload STATEMENT_PREDICATE_TYPE", {
    signing: { statement: (plain) => ({ ...plain, predicateType: "https://slsa.dev/provenance/v1" }) },
  }),
  tampered("types/predicate-type-v2", "payload STATEMENT_PREDICATE_TYPE", {
    signing: { statement: (plain) => ({ ...plain, predicateType: plain.predicateType.replace("v1", "v2") }) },
  }),
  tampered("types/run-request-missing-nonce", "run-request STATEMENT_SHAPE", {
    runRequest: (plain) => without({ ...plain, nonce: undefined }),
  }),
  tampered("types/run-request-nonce-upper-case", "run-request STATEMENT_SHAPE", {
    runRequest: (plain) => ({ ...plain, nonce: "A".repeat(32) }),
  }),
  tampered("types/run-request-two-subjects", "run-request STATEMENT_SHAPE", {
    runRequestSigning: { statement: (plain) => ({ ...plain, subject: [...plain.subject, ...plain.subject] }) },
  }),
  tampered("types/run-request-authn-with-more", "run-request STATEMENT_SHAPE", {
    runRequest: (plain) => ({ ...plain, authn: { kind: "key", subject: "x" } }),
  }),
  tampered("types/request-file-with-more", "approval-requests REQUEST_FILE", {
    request: (plain) => ({ ...plain, urgent: true }),
  }),
  tampered("types/request-file-empty-name", "approval-requests REQUEST_FILE", {
    request: (plain) => ({ ...plain, requestedBy: "" }),
    requestedBy: "",
    events: (events) =>
      events.map((each) =>
        each.eventType === "run.created" ? { ...each, metadata: { ...each.metadata, requestedBy: "requester" } } : each,
      ),
  }),
  tampered(
    "types/approval-reason-is-no-text",
    "approvals STATEMENT_SHAPE",
    decided((plain) => ({ ...plain, reason: 1 })),
  ),
  tampered(
    "types/approval-reason-too-long",
    "approvals STATEMENT_SHAPE",
    decided((plain) => ({ ...plain, reason: "\u{1f600}".repeat(2049) })),
  ),
  tampered("types/approval-decision", "approvals STATEMENT_SHAPE", {
    decisions: [
      {
        by: "approver-1",
        predicate: (plain) => ({ ...plain, decision: "abstain" }),
        told: (plain) => ({ ...plain, decision: "approve" }),
      },
      { by: "approver-2" },
    ],
  }),
  tampered(
    "types/approval-with-more",
    "approvals STATEMENT_SHAPE",
    decided((plain) => ({ ...plain, allGates: true })),
  ),
  tampered(
    "types/plan-number-is-text",
    "plan PLAN_FILE",
    plan(({ approvals }) => ({ approvals: { go: { ...approvals["go"], required: "2" } } })),
  ),
  tampered(
    "types/plan-required-is-zero",
    "plan PLAN_FILE",
    plan(({ approvals }) => ({ approvals: { go: { ...approvals["go"], required: 0 } } })),
  ),
  tampered(
    "types/plan-with-more",
    "plan PLAN_FILE",
    plan(() => ({ title: "Release" })),
  ),
  tampered(
    "types/plan-null",
    "plan PLAN_FILE",
    plan(() => ({ slo: null })),
  ),
  tampered(
    "types/plan-boolean-is-number",
    "plan PLAN_FILE",
    plan(({ approvals }) => ({ approvals: { go: { ...approvals["go"], separationOfDuties: 1 } } })),
  ),
  tampered(
    "types/plan-version-2",
    "plan PLAN_FILE",
    plan(() => ({ planVersion: 2 })),
  ),
  tampered(
    "types/plan-version-true",
    "plan PLAN_FILE",
    plan(() => ({ planVersion: true })),
  ),
  tampered("types/plan-node-kind", "plan PLAN_FILE", {
    ...plan(({ steps }) => ({
      steps: steps.map((node) => (node.id === "check" ? { ...node, kind: "gate.auto" } : node)),
    })),
    statuses: (plain) => plain.map((each) => (each.id === "check" ? { ...each, kind: "gate.policy" } : each)),
  }),
  tampered(
    "types/plan-exit-code",
    "plan PLAN_FILE",
    plan(({ steps }) => ({
      steps: steps.map((node) =>
        node.id === "build" ? { ...node, retry: { ...(node["retry"] as Members), onExitCodes: [256] } } : node,
      ),
    })),
  ),
  tampered(
    "types/plan-port",
    "plan PLAN_FILE",
    plan(({ sandbox }) => ({
      sandbox: { ...sandbox, egressAllowlist: [{ host: "a", port: 65_536, protocol: "tls", allowPrivate: false }] },
    })),
  ),
  tampered(
    "types/plan-node-twice",
    "plan PLAN_REFUSED",
    plan(({ steps }) => ({ steps: [...steps, ...steps.slice(0, 1)] })),
  ),
  tampered(
    "types/plan-parent-behind",
    "plan PLAN_REFUSED",
    plan(({ steps }) => ({ steps: steps.toSorted((a, b) => Number(a.kind === "map") - Number(b.kind === "map")) })),
  ),
  tampered(
    "types/plan-need-of-itself",
    "plan PLAN_REFUSED",
    plan(({ steps }) => ({ steps: steps.map((node) => (node.id === "build" ? { ...node, needs: ["build"] } : node)) })),
  ),
  tampered(
    "types/plan-need-in-finally",
    "plan PLAN_REFUSED",
    plan(({ steps }) => ({ steps: steps.map((node) => (node.id === "build" ? { ...node, needs: ["tidy"] } : node)) })),
  ),
  tampered(
    "types/plan-rule-of-nobody",
    "plan PLAN_REFUSED",
    plan(({ steps }) => ({
      steps: steps.map((node) => (node.id === "ok" ? { ...node, approval: "constructor" } : node)),
    })),
  ),
  tampered(
    "types/event-type",
    BROKEN,
    event("run.waiting", (each) => ({ ...each, eventType: "run.paused" })),
  ),
  tampered(
    "types/event-with-more",
    BROKEN,
    event("gate.passed", (each) => ({ ...each, by: "host-1" })),
  ),
  tampered(
    "types/event-without-step",
    BROKEN,
    event("gate.passed", (plain) => omit(plain, "stepId")),
  ),
  tampered(
    "types/event-with-step",
    BROKEN,
    event("run.waiting", (each) => ({ ...each, stepId: "ok" })),
  ),
  tampered(
    "types/event-attempt-is-text",
    BROKEN,
    event("step.started", (each) => ({ ...each, attempt: String(each.attempt) })),
  ),
  tampered(
    "types/event-attempt-is-zero",
    BROKEN,
    event("step.retry", (each) => ({ ...each, attempt: 0 })),
  ),
  tampered(
    "types/event-attempt-missing",
    BROKEN,
    event("step.retry", (plain) => omit(plain, "attempt")),
  ),
  tampered(
    "types/event-leading-zero",
    BROKEN,
    event("step.succeeded", (each) => ({ ...each, stepId: each.stepId?.replace("[0]", "[00]") })),
  ),
  tampered(
    "types/event-level",
    BROKEN,
    event("gate.passed", (each) => ({ ...each, level: "fatal" })),
  ),
  tampered(
    "types/event-time",
    BROKEN,
    event("gate.passed", (each) => ({ ...each, timestamp: each.timestamp.replace("Z", "+00:00") })),
  ),
  tampered("types/metadata-with-more", BROKEN, metadata("gate.passed", { approvals: 2 })),
  tampered("types/metadata-missing", BROKEN, metadata("gate.decision", { commandId: undefined })),
  tampered("types/metadata-is-text", BROKEN, metadata("policy.evaluated", { allowed: "true" })),
  tampered("types/metadata-artifact-without-digest", BROKEN, metadata("step.artifact", { digest: undefined })),
  tampered("types/metadata-command-id-empty", BROKEN, metadata("gate.decision", { commandId: "" })),
  tampered("types/outputs-of-no-type", BROKEN, metadata("run.finished", { outputs: { report: "r.html" } })),
  tampered("types/lock-type", "inputs-lock INPUTS_LOCK_MISMATCH", {
    lock: (plain) => ({
      ...plain,
      inputs: {
        ...(plain["inputs"] as Members),
        channel: { ...(plain["inputs"] as Record<string, Members>)["channel"], type: "number" },
      },
    }),
  }),
  tampered("types/lock-schema", "inputs-lock INPUTS_LOCK_MISMATCH", {
    lock: (plain) => ({ ...plain, schema: "packrun.inputs-lock/v2" }),
  }),
  tampered("types/outputs-with-more", "outputs OUTPUTS_MISMATCH", { outputs: (plain) => ({ ...plain, note: "" }) }),
];
