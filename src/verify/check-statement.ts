import type { PackRun } from "#attest/pack-run.ts";
import type { Statement } from "#attest/statement.ts";
import type { EvidenceIdentity } from "#evidence/evidence-manifest.ts";
import { canonicalJson } from "#canon/canonical-json.ts";
import { packRunOf, packRunSubjects } from "#evidence/pack-run-statement.ts";
import { faultOf } from "#fault/code-table.ts";
import type { StepStatus } from "#run/status.ts";
import type { Case, FoldedCase } from "./case.ts";
import type { CheckName } from "./check-list.ts";
import { verifyCodes } from "./codes.ts";

/** Which check speaks of which members of the attestation. */
const MEMBERS: readonly (readonly [CheckName, readonly (keyof PackRun)[], string])[] = [
  [
    "ledger-fold",
    ["steps", "approvals", "ledger", "engine", "sandbox", "requestedAt", "startedAt", "completedAt"],
    "statuses, decisions, times and outputs of the ledger are the attested ones",
  ],
  [
    "statement",
    ["schemaVersion", "pack", "packSource", "inputs", "inputsLock", "outcome", "reason", "evidence"],
    "every other member is what the bundle shows",
  ],
  ["redaction", ["redaction"], "the attested policy is the plan's"],
];

/** Run, tenant, trust domain and plan are the same wherever they are signed or listed. */
export function checkBindings(given: Case, statement: Statement<EvidenceIdentity> | undefined): void {
  const { checks, manifest, trustRoot } = given;
  const differ = (what: string, where: string, found: string, expected: string): void => {
    if (found !== expected) {
      checks.fail("bindings", faultOf(verifyCodes, "BINDING_MISMATCH", { what, where, found, expected }));
    }
  };
  if (trustRoot !== undefined) {
    differ("trustDomain", "the bundle", manifest.trustDomain, trustRoot.document.trustDomain);
  }
  if (statement === undefined) {
    checks.skip("bindings", "there is no attestation to rely on");
    return;
  }
  for (const member of ["runId", "tenantId", "trustDomain", "planHash"] as const) {
    differ(member, "the attestation", statement.predicate[member], manifest[member]);
  }
  const { runId, tenantId, trustDomain } = manifest;
  checks.pass("bindings", `run ${runId}, tenant ${tenantId}, trust domain ${trustDomain}`);
}

/** Computes every member of the attestation again from the bundle and compares. */
export function checkStatement(given: FoldedCase, statement: Statement<PackRun>): void {
  const { checks, ledger, manifest, plan, sha256 } = given;
  const sources = {
    identity: manifest,
    plan,
    facts: ledger.facts,
    steps: stepsOf(given),
    ledgerDigest: ledger.digest,
    manifestDigest: given.manifestDigest,
    files: manifest.hashes,
    sealer: statement.predicate.engine,
  };
  const expected = packRunOf(sources, sha256);
  const differ = (name: CheckName, member: string): void =>
    checks.fail(name, faultOf(verifyCodes, "STATEMENT_MISMATCH", { member }));
  if (expected === undefined) {
    differ("ledger-fold", "completedAt");
    return;
  }
  const subjects = packRunSubjects(given.manifestDigest, ledger.facts.finished?.outputs ?? {});
  if (canonicalJson(subjects) !== canonicalJson(statement.subject)) {
    differ("ledger-fold", "its subjects");
  }
  for (const [name, members, why] of MEMBERS) {
    for (const member of members) {
      if (textOf(expected[member]) !== textOf(statement.predicate[member])) {
        differ(name, member);
      }
    }
    checks.pass(name, why);
  }
}

function textOf(member: unknown): string {
  return member === undefined ? "" : canonicalJson(member);
}

function stepsOf({ ledger }: FoldedCase): PackRun["steps"] {
  return [...ledger.records.instances()].map(([id, node]) => ({
    id,
    kind: node.kind,
    status: ledger.records.finalStatusOf(id) ?? ("pending" satisfies StepStatus),
  }));
}
