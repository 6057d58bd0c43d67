import t from "tap";
import { approvalPredicate, approvalRequestPredicate } from "#attest/approval.ts";
import { packRunPredicate } from "#attest/pack-run.ts";
import { checkSubject, readStatement } from "#attest/read-statement.ts";
import { trustRootPredicate } from "#attest/root-claim.ts";
import { runRequestPredicate } from "#attest/run-request.ts";
import { MAX_SUBJECTS, statementBytes, type Statement } from "#attest/statement.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, type Digest } from "#canon/digest.ts";
import type { TrustDomain } from "#canon/ids.ts";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { nodeSha256 } from "#signer/node-crypto.ts";
import { code, value } from "./signing.ts";

const file = digestOf(encodeUtf8("file"), nodeSha256);
const other = digestOf(encodeUtf8("other"), nodeSha256);
const claim = { trustDomain: "acme-prod" as TrustDomain, version: 3 };
const subject = (digest: Digest, name = "trust-root.json"): { readonly name: string; readonly digest: Digest } => ({
  name,
  digest,
});
const payload = statementBytes(trustRootPredicate, [subject(file)], claim);

/** The payload after a change, as canonical bytes. */
function changed(change: (statement: Record<string, unknown>) => void): Uint8Array {
  const statement = JSON.parse(decodeUtf8(payload) ?? "") as Record<string, unknown>;
  change(statement);
  return canonicalBytes(statement);
}

t.test("the five predicates have their full types", async (t) => {
  const types = [
    runRequestPredicate,
    approvalRequestPredicate,
    approvalPredicate,
    packRunPredicate,
    trustRootPredicate,
  ];
  t.strictSame(
    types.map(({ type }) => type),
    ["run-request", "approval-request", "approval", "pack-run", "trust-root"].map(
      (name) => `https://packrun.dev/attestations/${name}/v1`,
    ),
  );
});

t.test("a statement reads as it was written and speaks of the file in the first position only", async (t) => {
  const statement = value(readStatement(payload, trustRootPredicate));
  t.strictSame(statement.predicate, claim);
  t.equal(code(checkSubject(statement, file)), "ok");
  t.equal(code(checkSubject(statement, other)), "STATEMENT_SUBJECT");
  const second: Statement<unknown> = {
    ...statement,
    subject: [{ name: "x", digest: { sha256: "0".repeat(64) } }, ...statement.subject],
  };
  t.equal(code(checkSubject(second, file)), "STATEMENT_SUBJECT");
});

t.test("payloads are refused with a code for each thing that is wrong", async (t) => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ["no JSON", encodeUtf8("hello"), "STATEMENT_NOT_CANONICAL"],
    ["white space", encodeUtf8(`${decodeUtf8(payload)} `), "STATEMENT_NOT_CANONICAL"],
    ["a list", encodeUtf8("[]"), "STATEMENT_TYPE"],
    ["Statement v0.1", changed((s) => (s["_type"] = "https://in-toto.io/Statement/v0.1")), "STATEMENT_TYPE"],
    ["another predicate", changed((s) => (s["predicateType"] = approvalPredicate.type)), "STATEMENT_PREDICATE_TYPE"],
    ["no predicate type", changed((s) => delete s["predicateType"]), "STATEMENT_PREDICATE_TYPE"],
    ["an unknown member", changed((s) => (s["extra"] = 1)), "STATEMENT_SHAPE"],
    ["an unknown predicate member", changed((s) => (s["predicate"] = { ...claim, extra: 1 })), "STATEMENT_SHAPE"],
    ["no subject", changed((s) => (s["subject"] = [])), "STATEMENT_SHAPE"],
    [
      "two subjects of a single file",
      changed((s) => (s["subject"] = [s["subject"], s["subject"]].flat())),
      "STATEMENT_SHAPE",
    ],
    [
      "upper-case hex",
      changed((s) => (s["subject"] = [{ name: "x", digest: { sha256: "A".repeat(64) } }])),
      "STATEMENT_SHAPE",
    ],
    [
      "a second digest",
      changed((s) => (s["subject"] = [{ name: "x", digest: { sha256: "a".repeat(64), sha512: "b" } }])),
      "STATEMENT_SHAPE",
    ],
    ["version 0", changed((s) => (s["predicate"] = { ...claim, version: 0 })), "STATEMENT_SHAPE"],
  ];
  for (const [name, bytes, expected] of cases) {
    t.equal(code(readStatement(bytes, trustRootPredicate)), expected, name);
  }
});

t.test("only the attestation of a run names more than one file, and at most 1,024", async (t) => {
  t.equal(packRunPredicate.maxSubjects, MAX_SUBJECTS);
  t.equal(MAX_SUBJECTS, 1024);
  for (const predicate of [runRequestPredicate, approvalRequestPredicate, approvalPredicate, trustRootPredicate]) {
    t.equal(predicate.maxSubjects, 1);
  }
});

t.test("a pack-run statement holds exactly its members", async (t) => {
  const run = {
    schemaVersion: 1,
    runId: "0192f0c1-2b3c-7d4e-8f50-617283940a1b",
    tenantId: "default",
    trustDomain: "acme-prod",
    pack: { name: "acme/tool", version: "1.0.0", digest: file },
    packSource: "folder",
    planHash: file,
    inputs: [{ name: "channel", digest: other }],
    inputsLock: { digest: file },
    outcome: "failed",
    reason: "STEP_EXIT",
    steps: [{ id: "a[0]::b", kind: "run", status: "failed" }],
    approvals: [{ gateId: "ok", decision: "approve", principal: "alice", payloadDigest: other }],
    ledger: { count: 12, headHash: file, digest: other },
    evidence: { manifestDigest: file, fileCount: 7, totalBytes: 1234 },
    redaction: { policy: "blank" },
    sandbox: { mode: "sealed", enforcement: { memoryBytes: "kernel-tree" } },
    engine: { name: "packrun", version: "0.1.0" },
    requestedAt: "2026-01-05T08:00:00.000Z",
    completedAt: "2026-01-05T08:00:01.000Z",
  };
  const subjects = [subject(file, "evidence.manifest.json"), subject(other, "report")];
  const bytes = (predicate: unknown): Uint8Array => statementBytes(packRunPredicate, subjects, predicate as never);
  t.equal(code(readStatement(bytes(run), packRunPredicate)), "ok");
  t.equal(code(readStatement(bytes({ ...run, startedAt: "2026-01-05T08:00:00.500Z" }), packRunPredicate)), "ok");
  for (const wrong of [
    { ...run, outcome: "ok" },
    { ...run, requestedAt: "2026-01-05T08:00:00Z" },
    { ...run, planHash: file.toUpperCase() },
    { ...run, runId: "0192f0c1-2b3c-4d4e-8f50-617283940a1b" },
    { ...run, note: "extra" },
    { ...run, ledger: { count: 12, headHash: file } },
  ]) {
    t.equal(code(readStatement(bytes(wrong), packRunPredicate)), "STATEMENT_SHAPE");
  }
});
