import { forge } from "../forge.ts";
import type { Change, Decision } from "../change.ts";
import { people, type Name } from "../people.ts";
import { revocations } from "../site-trust.ts";
import { time, type Event, type Plan } from "../release.ts";
import type { Members } from "../signed-file.ts";
import { allowed, tampered, type TamperedCase } from "../tampered-case.ts";

const of = (...decisions: readonly Decision[]): Change => ({ decisions });
const said = (more: Members): Change =>
  of({ by: "approver-1", predicate: (plain) => ({ ...plain, ...more }) }, { by: "approver-2" });
const told = (more: Members): Change =>
  of({ by: "approver-1", told: (plain) => ({ ...plain, ...more }) }, { by: "approver-2" });
const otherPlan = `sha256:${"a".repeat(64)}`;
const otherRun = "019b8cc2-8400-7000-8000-000000000002";

/** The run as it goes on when the gate did not pass: everything behind it is skipped. */
export const endedAtGate =
  (end: string, reason: string, keep: (event: Event) => boolean = () => true) =>
  (events: Event[]): readonly Event[] => {
    const at = events.findIndex(({ eventType }) => eventType === "gate.passed");
    const ended = events.slice(0, at).filter(keep);
    const tidy = events.filter(({ stepId }) => stepId === "tidy");
    const finished = events
      .slice(-1)
      .map((event) => ({ ...event, metadata: { status: "failed", reason, outputs: event.metadata["outputs"] } }));
    const gate = { ...events[at], eventType: end } as Event;
    const skipped = ["push", "after"].map((stepId) => ({
      ...gate,
      eventType: "step.skipped",
      stepId,
      metadata: { reason: "UPSTREAM_FAILED" },
    }));
    return [...ended, gate, ...skipped, ...tidy, ...finished];
  };
const plan = (edit: (plan: Plan) => Members): Change => ({ plan: (plain) => ({ ...plain, ...edit(plain) }) });
const rule = (more: Members): Change =>
  plan(({ approvals }) => ({ approvals: { go: { ...approvals["go"], ...more } } }));
const refusal =
  (commandId: string) =>
  (events: Event[]): readonly Event[] =>
    events.flatMap((event) =>
      event.eventType === "gate.passed"
        ? [{ ...event, eventType: "gate.refused", metadata: { commandId, code: "APPROVAL_REVOKED", hint: "" } }, event]
        : [event],
    );

/** A third decision that was taken back before the gate passed. */
const back = (decision: Decision): Change => ({
  decisions: [{ by: "approver-1" }, { by: "approver-2" }, decision],
  events: refusal("c-3"),
});
const backSaid = (more: Members): Change => back({ by: "leaver", predicate: (plain) => ({ ...plain, ...more }) });
const backTold = (more: Members): Change => back({ by: "leaver", told: (plain) => ({ ...plain, ...more }) });
const passedAt = (after: number): Change => ({
  events: (events) => {
    const at = events.findIndex(({ eventType }) => eventType === "gate.passed");
    return events.map((event, index) => (index < at ? event : { ...event, timestamp: time(after + index) }));
  },
});

const takenBackCases: readonly TamperedCase[] = [
  tampered("taken-back/no-response", "approvals EVIDENCE_FILE_MISSING", back({ by: "leaver", absent: true })),
  tampered("taken-back/signed-by-a-stranger", "approvals SIGNATURE_KEY_UNKNOWN", back({ by: "stranger" })),
  tampered("taken-back/signed-by-the-attestor", "approvals ROLE_NOT_HELD", back({ by: "attestor" })),
  tampered("taken-back/by-the-requester", "approvals APPROVAL_SELF", back({ by: "requester" })),
  tampered("taken-back/in-the-name-of-another", "approvals DECISION_MISMATCH", backTold({ principal: "guard" })),
  tampered("taken-back/another-run", "approvals APPROVAL_WRONG_RUN", backSaid({ runId: otherRun })),
  allowed("allowed/taken-back-with-a-key-that-lapsed", back({ by: "leaver" })),
  allowed("allowed/taken-back-with-a-key-that-came-later", back({ by: "newcomer" })),
  allowed("allowed/taken-back-out-of-time", backSaid({ notAfter: time(1600) })),
  allowed("allowed/taken-back-with-a-revoked-key", back({ by: "leaver" }), {
    beside: revocations([{ kind: "key", value: people.leaver.keyid }]),
    args: ["--revocations", "revocations.json"],
  }),
];

const quorumCases: readonly TamperedCase[] = [
  tampered("quorum/one-too-few", "approvals QUORUM_MISSING", of({ by: "approver-1" })),
  tampered("quorum/nobody", "approvals QUORUM_MISSING", of()),
  tampered(
    "quorum/same-response-twice",
    "approvals APPROVAL_ALREADY_DECIDED",
    of({ by: "approver-1" }, { by: "approver-1" }),
  ),
  tampered(
    "quorum/same-person-twice",
    "approvals APPROVAL_ALREADY_DECIDED",
    of({ by: "approver-1" }, { by: "approver-1", predicate: (plain) => ({ ...plain, reason: "once more" }) }),
  ),
  tampered(
    "quorum/same-person-with-two-keys",
    "approvals APPROVAL_ALREADY_DECIDED",
    of({ by: "approver-1" }, { by: "approver-1b" }),
  ),
  tampered("quorum/requester", "approvals APPROVAL_SELF", of({ by: "requester" }, { by: "approver-2" })),
  tampered(
    "quorum/one-rejected",
    "approvals GATE_END_UNFOUNDED",
    of(
      { by: "approver-1" },
      { by: "approver-2" },
      { by: "leaver", predicate: (plain) => ({ ...plain, decision: "reject" }) },
    ),
  ),
  tampered("quorum/rejected-by-nobody", "approvals GATE_END_UNFOUNDED", {
    events: endedAtGate("gate.rejected", "GATE_REJECTED"),
  }),
  tampered("quorum/expired-before-its-time", "approvals GATE_END_UNFOUNDED", {
    ...of({ by: "approver-1" }),
    events: endedAtGate("gate.expired", "GATE_EXPIRED"),
  }),
  tampered(
    "quorum/response-not-there",
    "approvals EVIDENCE_FILE_MISSING",
    of({ by: "approver-1", absent: true }, { by: "approver-2" }),
  ),
  tampered("quorum/taken-back", "approvals QUORUM_MISSING", { events: refusal("c-2") }),
  tampered("quorum/passed-after-its-time", "approvals GATE_END_UNFOUNDED", passedAt(3_600_000 * 3)),
  tampered("quorum/passed-when-one-held-no-more", "approvals GATE_END_UNFOUNDED", said({ notAfter: time(2100) })),
  tampered("quorum/less-than-the-plan-demands", "approvals QUORUM_MISSING", rule({ required: 3 })),
  tampered("quorum/approval-called-rejection", "approvals DECISION_MISMATCH", told({ decision: "reject" })),
  tampered(
    "quorum/rejection-called-approval",
    "approvals DECISION_MISMATCH",
    of(
      {
        by: "approver-1",
        predicate: (plain) => ({ ...plain, decision: "reject" }),
        told: (plain) => ({ ...plain, decision: "approve" }),
      },
      { by: "approver-2" },
    ),
  ),
  tampered("quorum/in-the-name-of-another", "approvals DECISION_MISMATCH", told({ principal: "guard" })),
  tampered("quorum/approver-in-the-name-of-another", "approvals APPROVAL_APPROVER", said({ approver: "approver-2" })),
  tampered("quorum/payload-of-another", "approvals DECISION_MISMATCH", told({ payloadDigest: otherPlan })),
  tampered("quorum/no-reason", "approvals APPROVAL_REASON_MISSING", said({ reason: "" })),
  tampered(
    "quorum/reason-of-spaces",
    "approvals APPROVAL_REASON_MISSING",
    said({ reason: " \t\n\u00a0\u2003\u3000\ufeff" }),
  ),
  tampered("quorum/two-responses-exchanged", "approvals DECISION_MISMATCH", {
    files: (files) => {
      const [one, two] = ["approvals/ok/1.sigstore.json", "approvals/ok/2.sigstore.json"].map(
        (path) => files.get(path) ?? Buffer.alloc(0),
      );
      files
        .set("approvals/ok/1.sigstore.json", two ?? Buffer.alloc(0))
        .set("approvals/ok/2.sigstore.json", one ?? Buffer.alloc(0));
    },
  }),
  allowed("allowed/taken-back-and-replaced", {
    decisions: [{ by: "approver-1b" }, { by: "approver-2" }, { by: "approver-1" }],
    events: refusal("c-1"),
  }),
  allowed("allowed/reason-of-a-control-character", said({ reason: "\u0085" })),
  allowed("allowed/no-reason-where-none-is-asked", { ...rule({ reasonRequired: false }), ...said({ reason: "" }) }),
];

const replayCases: readonly TamperedCase[] = [
  tampered("replay/another-run", "approvals APPROVAL_WRONG_RUN", said({ runId: otherRun })),
  tampered("replay/another-gate", "approvals APPROVAL_WRONG_GATE", said({ gateId: "deploy" })),
  tampered("replay/another-tenant", "approvals APPROVAL_WRONG_TENANT", said({ tenantId: "other" })),
  tampered("replay/another-domain", "approvals APPROVAL_WRONG_DOMAIN", said({ trustDomain: "acme-staging" })),
  tampered("replay/another-nonce", "approvals APPROVAL_WRONG_NONCE", said({ nonce: "2".repeat(32) })),
  tampered("replay/another-plan", "approvals APPROVAL_WRONG_PLAN", said({ planHash: otherPlan })),
  tampered(
    "replay/several-at-once",
    "approvals APPROVAL_WRONG_RUN",
    said({ planHash: otherPlan, nonce: "2".repeat(32), runId: otherRun }),
  ),
  tampered(
    "replay/subject-of-another-plan",
    "approvals STATEMENT_SUBJECT",
    of(
      {
        by: "approver-1",
        signing: {
          statement: (plain) => ({
            ...plain,
            subject: [{ name: "plan.canonical.json", digest: { sha256: "a".repeat(64) } }],
          }),
        },
      },
      { by: "approver-2" },
    ),
  ),
  tampered("replay/whole-response-of-another-run", "approvals APPROVAL_WRONG_RUN", {
    files: (files) => {
      const response = forge({ identity: { runId: otherRun } }).get("approvals/ok/1.sigstore.json");
      files.set("approvals/ok/1.sigstore.json", response ?? Buffer.alloc(0));
    },
  }),
  tampered(
    "replay/run-request-as-approval",
    "approvals ROLE_NOT_HELD",
    {
      files: (files) =>
        void files.set("approvals/ok/1.sigstore.json", files.get("request.sigstore.json") ?? Buffer.alloc(0)),
    },
    {
      root: (root) => ({
        ...root,
        roles: {
          ...root.roles,
          approver: {
            ...root.roles["approver"],
            keyids: ["approver-1", "approver-1b", "approver-2"].map((name) => people[name as Name].keyid),
          },
        },
      }),
    },
  ),
  tampered(
    "replay/another-predicate",
    "approvals STATEMENT_PREDICATE_TYPE",
    of(
      {
        by: "approver-1",
        signing: {
          statement: (plain) => ({
            ...plain,
            predicateType: plain.predicateType.replace("approval/v1", "approval-request/v1"),
          }),
        },
      },
      { by: "approver-2" },
    ),
  ),
  tampered("replay/late-by-its-own-limit", "approvals APPROVAL_LATE", said({ notAfter: time(1600) })),
  tampered("replay/late-by-the-millisecond", "approvals APPROVAL_LATE", said({ notAfter: time(1900) })),
  tampered("replay/late-by-the-requests-limit", "approvals APPROVAL_LATE", {
    ...rule({ ttlMs: 100 }),
    ...said({ notAfter: time(3_600_000) }),
  }),
  tampered("replay/requester-that-nobody-knows", "approvals REQUESTER_UNKNOWN", {
    requestedBy: "operator-9",
    runRequest: "absent",
  }),
  allowed("allowed/in-the-last-millisecond", said({ notAfter: time(2101) })),
];

export const approvalCases: readonly TamperedCase[] = [...quorumCases, ...takenBackCases, ...replayCases];
