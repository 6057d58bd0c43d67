import type { PackRun } from "#attest/pack-run.ts";
import type { Subject } from "#attest/statement.ts";
import { hexOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { isTimestamp, type Timestamp } from "#canon/timestamp.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { inputDigests } from "#plan/input-digests.ts";
import type { Plan } from "#plan/plan.ts";
import type { Values } from "#run/value.ts";
import type { EvidenceIdentity, ManifestFile } from "./evidence-manifest.ts";
import { MANIFEST_PATH } from "./evidence-path.ts";
import type { RunFacts } from "./run-facts.ts";

/** Everything that the statement about a finished run is made from. */
export type StatementSources = {
  readonly identity: EvidenceIdentity;
  readonly plan: Plan;
  readonly facts: RunFacts;
  readonly steps: PackRun["steps"];
  readonly ledgerDigest: Digest;
  readonly manifestDigest: Digest;
  readonly files: readonly ManifestFile[];
  /** Who sealed; stands in for the engine of a run that never started. */
  readonly sealer: PackRun["engine"];
};

/** The predicate `pack-run/v1`, or undefined when the ledger lacks its first or its last event. */
export function packRunOf(sources: StatementSources, sha256: Sha256): PackRun | undefined {
  const { identity, plan, facts, steps, files } = sources;
  const { created, started, finished } = facts;
  if (created === undefined || finished === undefined) {
    return undefined;
  }
  return {
    schemaVersion: 1,
    runId: identity.runId,
    tenantId: identity.tenantId,
    trustDomain: identity.trustDomain,
    planHash: identity.planHash,
    pack: plan.pack,
    packSource: created.packSource,
    inputs: inputDigests(plan, sha256),
    inputsLock: { digest: created.inputsLock },
    outcome: finished.status,
    ...(finished.reason === undefined ? {} : { reason: finished.reason }),
    steps,
    approvals: facts.decisions,
    ledger: { count: facts.count, headHash: facts.head as Digest, digest: sources.ledgerDigest },
    evidence: {
      manifestDigest: sources.manifestDigest,
      fileCount: files.length,
      totalBytes: files.reduce((total, file) => total + file.size, 0),
    },
    redaction: { policy: plan.security.secretsRedactionPolicy },
    sandbox: { mode: plan.sandbox.mode, enforcement: Object.fromEntries(facts.enforcement) },
    engine: started?.engine ?? sources.sealer,
    requestedAt: timeOf(created.at),
    ...(started === undefined ? {} : { startedAt: timeOf(started.at) }),
    completedAt: timeOf(finished.at),
  };
}

/** The subjects: the manifest, then the pack's file and directory outputs by name. */
export function packRunSubjects(manifestDigest: Digest, outputs: Values): readonly Subject[] {
  const further = Object.entries(outputs)
    .toSorted(([a], [b]) => compareUtf8(a, b))
    .flatMap(([name, value]) =>
      value.type === "file" || value.type === "directory" ? [{ name, digest: { sha256: hexOf(value.digest) } }] : [],
    );
  return [{ name: MANIFEST_PATH, digest: { sha256: hexOf(manifestDigest) } }, ...further];
}

function timeOf(text: string): Timestamp {
  if (!isTimestamp(text)) {
    throw new Error("an event has no timestamp");
  }
  return text;
}
