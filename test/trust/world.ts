import type { Approval } from "#attest/approval.ts";
import { approvalPredicate } from "#attest/approval.ts";
import { approvalRequestBytes, readApprovalRequest, type ApprovalQuestion } from "#attest/approval-request.ts";
import { statementBytes } from "#attest/statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, type Digest } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256, nodeVerifySignature } from "#signer/node-crypto.ts";
import type { DecisionCase } from "#trust/authorise-decision.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot, TrustRootDocument } from "#trust/trust-root.ts";
import { sidecarOf, testKey, value } from "../attest/signing.ts";

export const time = (text: string): Timestamp => text as Timestamp;
export const NOW = time("2026-06-01T12:00:00.000Z");
export const tools = { verifySignature: nodeVerifySignature, sha256: nodeSha256, at: NOW };

/** Keys that no test changes. `alice` has two; `mallory` is in no trust root. */
export const people = {
  alice: testKey(),
  alice2: testKey("ed25519"),
  bob: testKey("ed25519"),
  carol: testKey(),
  runner: testKey(),
  retired: testKey(),
  rooty: testKey(),
  mallory: testKey(),
};
export type Person = keyof typeof people;

type Entry = TrustRootDocument["keys"][string];
export type Document = { -readonly [K in keyof TrustRootDocument]: TrustRootDocument[K] };

export function keyEntry(person: Person, principal: string = person, more: Partial<Entry> = {}): Record<string, Entry> {
  const { key } = people[person];
  const validFrom = time("2026-01-01T00:00:00.000Z");
  const validUntil = time("2027-01-01T00:00:00.000Z");
  return { [key.keyid]: { alg: key.alg, pem: key.pem, principal, validFrom, validUntil, ...more } };
}

export function role(...holders: readonly Person[]): { keyids: readonly string[]; threshold: number } {
  return { keyids: holders.map((person) => people[person].key.keyid).toSorted(), threshold: 1 };
}

/** A trust root of one organisation: three approvers, a retired one, a runner, two root keys. */
export function document(): Document {
  return {
    schema: "packrun.trust-root/v1",
    trustDomain: "acme-prod" as Document["trustDomain"],
    version: 7,
    issuedAt: time("2026-01-01T00:00:00.000Z"),
    expires: time("2027-01-01T00:00:00.000Z"),
    keys: {
      ...keyEntry("alice"),
      ...keyEntry("alice2", "alice"),
      ...keyEntry("bob"),
      ...keyEntry("carol"),
      ...keyEntry("runner"),
      ...keyEntry("rooty"),
      ...keyEntry("retired", "retired", { validUntil: time("2026-03-01T00:00:00.000Z") }),
    },
    roles: {
      root: { ...role("rooty", "carol"), threshold: 2 },
      approver: { ...role("alice", "alice2", "bob", "retired"), tenants: ["t1"], gates: ["*"], packs: ["acme/*"] },
      "approver-security": role("carol"),
      requester: role("carol", "runner"),
      "run-attestor": role("runner"),
    },
    tokens: [{ iss: "https://id.acme.example", sub: "ci", principal: "ci-bot" }],
    timestampAuthorities: [],
    transparencyLogs: [],
    policy: {},
  };
}

export function rootOf(change: (document: Document) => void = () => undefined): TrustRoot {
  const changed = document();
  change(changed);
  return value(readTrustRoot(canonicalBytes(changed), nodeSha256));
}

const PLAN: Uint8Array = encodeUtf8('{"kind":"Plan"}');
export const PLAN_HASH: Digest = digestOf(PLAN, nodeSha256);

export const request = value(
  readApprovalRequest(
    approvalRequestBytes({
      runId: "0192f0c1-2b3c-7d4e-8f50-617283940a1b",
      gateId: "rollout[0]::ok",
      tenantId: "t1",
      trustDomain: "acme-prod",
      planHash: PLAN_HASH,
      approval: "release",
      requestedBy: "carol",
      requestedAt: "2026-06-01T08:00:00.000Z",
      nonce: "000102030405060708090a0b0c0d0e0f",
      pack: { name: "acme/tool", version: "1.0.0", digest: PLAN_HASH },
      inputs: [],
      ttlMs: 86_400_000,
    } as unknown as ApprovalQuestion),
  ),
);

/** What `person` signs to decide the request; `change` differs from it. */
export function approvalOf(person: Person, change: Partial<Record<keyof Approval, unknown>> = {}): Approval {
  const { runId, gateId, tenantId, trustDomain, planHash, nonce, notAfter } = request;
  return {
    runId,
    gateId,
    tenantId,
    trustDomain,
    planHash,
    nonce,
    decision: "approve",
    approver: person === "alice2" ? "alice" : person,
    reason: "tested in staging",
    issuedAt: "2026-06-01T11:00:00.000Z",
    notAfter,
    ...change,
  } as Approval;
}

export function respond(
  person: Person,
  change: Partial<Record<keyof Approval, unknown>> = {},
  subject: Digest = PLAN_HASH,
): Promise<Uint8Array> {
  const subjects = [{ name: "plan.canonical.json", digest: subject }];
  return sidecarOf(statementBytes(approvalPredicate, subjects, approvalOf(person, change)), people[person]);
}

/** A case that is accepted as it stands. */
export async function caseOf(change: Partial<DecisionCase> = {}): Promise<DecisionCase> {
  return {
    response: await respond("alice"),
    profile: "interop",
    request,
    planHash: PLAN_HASH,
    rule: { from: ["approver", "approver-security"], separationOfDuties: true, reasonRequired: true },
    requester: "carol",
    alreadyDecided: [],
    trustRoot: rootOf(),
    revocations: undefined,
    now: NOW,
    verifySignature: nodeVerifySignature,
    sha256: nodeSha256,
    ...change,
  };
}
