import { evidenceSnapshotPredicate } from "#attest/evidence-snapshot.ts";
import { packRunPredicate, type PackRun } from "#attest/pack-run.ts";
import type { Statement } from "#attest/statement.ts";
import type { VerifySignature } from "#attest/public-key.ts";
import type { Digest, Sha256 } from "#canon/digest.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import { ATTESTATION_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import type { RevocationFiles } from "#trust/check-revocations.ts";
import type { ProveAnchor } from "#trust/anchor-finding.ts";
import { checkRootExpiry } from "#trust/freshness.ts";
import { readTrustRoot } from "#trust/read-trust-root.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { BundleReader, readingProblem } from "./bundle-reader.ts";
import { readTrees } from "./bundle-tree.ts";
import type { BundleSource, StreamHash } from "./bundle-source.ts";
import type { Case, FoldedCase } from "./case.ts";
import { checkAnchor } from "./check-anchor.ts";
import { checkArtifacts } from "./check-artifacts.ts";
import { checkAttestation } from "./check-attestation.ts";
import { checkInputsLock, checkOutputs, checkPack, checkPackSource } from "./check-documents.ts";
import { checkEgress } from "./check-egress.ts";
import { checkGates } from "./check-gates.ts";
import { foldLedger } from "./check-ledger.ts";
import { CheckList } from "./check-list.ts";
import { checkFiles, readManifest } from "./check-manifest.ts";
import { checkOutcome } from "./check-outcome.ts";
import { checkPackAttestation } from "./check-pack-attestation.ts";
import { checkAssertedPlan, checkPlan } from "./check-plan.ts";
import { checkNamed, checkPolicies } from "./check-policies.ts";
import { checkRunRequest } from "./check-requests.ts";
import { checkRevocation } from "./check-revocation.ts";
import { checkInventory, demandSbom } from "./check-sbom.ts";
import { checkSnapshot } from "./check-snapshot.ts";
import { checkBindings, checkStatement } from "./check-statement.ts";
import { bundleCodes } from "./bundle-codes.ts";
import { verifyCodes } from "./codes.ts";
import { holdsExpression } from "./holds-expression.ts";
import { failObjections, type Objections } from "./objections.ts";
import { wordOf, type Verdict, type VerdictSubject } from "./verdict.ts";

export type VerifyOptions = {
  /** Bytes of the pinned `trust-root.json`. Without it nothing is verified, but everything is looked at. */
  readonly trustRoot?: Uint8Array;
  /** A plan hash that must be the run's. */
  readonly planHash?: Digest;
  /** The site's own revocation list; the one in the bundle is only a floor. */
  readonly revocations?: RevocationFiles;
  /** What is remembered against the trust root or the site's list: older than those that were used before. */
  readonly objections?: Objections;
  /** The bundle's anchor, `<name>.anchor.sigstore.json`, where there is one beside it. */
  readonly anchor?: Uint8Array;
  /** The time of verification. */
  readonly at: Timestamp;
  /** Every signature that the contract names must be there, and the pack must come from the registry. */
  readonly requireDsse: boolean;
};

/** What a host lends: Node its `node:crypto`, a browser WebCrypto or a library. */
export type VerifyHost = {
  readonly sha256: Sha256;
  readonly startHash: () => StreamHash;
  readonly verifySignature: VerifySignature;
  /** Proves timestamps and log entries. A host without it says of anchors that they were not checked. */
  readonly proveAnchor?: ProveAnchor;
};

/**
 * Verifies an evidence bundle offline. Never throws on anything that the bundle or the trust root holds; lists every
 * check. The same bundle, root and options give the same verdict, byte for byte, on every host.
 */
export async function verify(source: BundleSource, options: VerifyOptions, host: VerifyHost): Promise<Verdict> {
  const checks = new CheckList();
  failObjections(options.objections ?? {}, (name, fault) => checks.fail(name, fault));
  const root = checkRoot(options, host, checks);
  const subject = await checkBundle(source, options, host, checks, root).catch((error: unknown) => {
    const problem = readingProblem(error);
    checks.fail("sizes", faultOf(bundleCodes, "BUNDLE_UNREADABLE", { path: "the bundle", problem }));
    return { type: "evidence" as const };
  });
  const list = checks.report();
  const domain = root === undefined ? {} : { trustDomain: root.document.trustDomain };
  return { schemaVersion: 1, verdict: wordOf(list), subject, ...domain, checks: list };
}

function checkRoot(
  { trustRoot: bytes, at }: VerifyOptions,
  host: VerifyHost,
  checks: CheckList,
): TrustRoot | undefined {
  if (bytes === undefined) {
    checks.fail("trust-root", faultOf(verifyCodes, "VERIFY_TRUST_MISSING"));
    return undefined;
  }
  const read = readTrustRoot(bytes, host.sha256);
  if (!read.ok) {
    checks.fail("trust-root", read.fault);
    return undefined;
  }
  const { trustDomain, version, expires } = read.value.document;
  const kind = trustDomain === "development" ? "development trust: made on first use, known to nobody else; " : "";
  checks.pass("trust-root", `${kind}${trustDomain}, version ${version}`);
  const fresh = checkRootExpiry(read.value, at);
  if (!fresh.ok) {
    checks.stale("freshness", fresh.fault);
  }
  checks.pass("freshness", `the trust root is valid until ${expires}`);
  return read.value;
}

async function checkBundle(
  source: BundleSource,
  options: VerifyOptions,
  host: VerifyHost,
  checks: CheckList,
  trustRoot: TrustRoot | undefined,
): Promise<VerdictSubject> {
  const files = await source.list();
  if (!files.ok) {
    checks.fail("sizes", files.fault);
    return { type: "evidence" };
  }
  const reader = new BundleReader(source, files.value, host.startHash);
  const total = files.value.reduce((sum, file) => sum + file.size, 0);
  checks.pass("sizes", `${files.value.length} files, ${total} bytes`);
  const read = await readManifest(reader, host.sha256);
  if (!read.ok) {
    checks.fail("manifest", read.fault);
    if (!reader.has(ATTESTATION_PATH)) {
      checks.fail("envelope", faultOf(verifyCodes, "ATTESTATION_MISSING", { path: ATTESTATION_PATH }));
    }
    return { type: "evidence" };
  }
  const { manifest, digest: manifestDigest } = read.value;
  const { sha256, verifySignature } = host;
  const { at, requireDsse } = options;
  const base = { checks, reader, manifest, manifestDigest, at, requireDsse, sha256, verifySignature, timestamps: [] };
  const given: Case = trustRoot === undefined ? base : { ...base, trustRoot };
  const timestamps = await checkAnchor(given, options.anchor, host.proveAnchor);
  await checkEvidence({ ...given, timestamps }, options);
  await checkFiles(manifest, reader, checks);
  const { runId, planHash } = manifest;
  return { type: "evidence", runId, planHash, manifestDigest };
}

async function checkEvidence(unheld: Case, options: VerifyOptions): Promise<void> {
  const { checks, manifest, reader, sha256 } = unheld;
  if (!manifest.final) {
    checks.stale("outcome", faultOf(bundleCodes, "EVIDENCE_NOT_FINAL"));
  }
  const planOf = await checkPlan(unheld);
  const given = await checkRevocation(unheld, options.revocations, planOf?.plan.pack);
  const planned = planOf === undefined ? undefined : { ...planOf, ...given };
  const pack = planned?.plan.pack.name;
  const statement = manifest.final ? await checkAttestation(given, packRunPredicate, pack) : undefined;
  const soFar = manifest.final ? undefined : await checkAttestation(given, evidenceSnapshotPredicate, pack);
  checkBindings(given, statement ?? soFar);
  checkAssertedPlan(given, options.planHash);
  const ledger = await foldLedger(manifest, planned, reader, checks, sha256);
  demandSbom(given);
  const { records, outputs, egress } = ledger ?? {};
  if (
    planned === undefined ||
    ledger === undefined ||
    records === undefined ||
    outputs === undefined ||
    egress === undefined
  ) {
    return;
  }
  const trees = await readTrees(ledger.facts, planned.plan, reader);
  const folded: FoldedCase = { ...planned, ledger: { ...ledger, records, outputs, egress }, trees };
  sayPlanned(folded);
  if (manifest.final) {
    await checkEnd(folded, statement);
  } else {
    checkSnapshot(folded, soFar);
  }
  await checkPack(folded);
  checkPackSource(folded);
  await checkInventory(folded, await checkPackAttestation(folded));
  await checkInputsLock(folded);
  await checkRunRequest(folded);
  await checkGates(folded);
  await checkPolicies(folded);
  checkNamed(folded);
}

/** What only a run that has ended can be held to. */
async function checkEnd(folded: FoldedCase, statement: Statement<PackRun> | undefined): Promise<void> {
  if (statement !== undefined) {
    checkStatement(folded, statement);
  }
  await checkOutputs(folded);
  checkArtifacts(folded);
  checkOutcome(folded);
  await checkEgress(folded);
}

/** What stands for itself once the ledger was held to the plan. */
function sayPlanned({ checks, ledger, plan }: FoldedCase): void {
  const { reused } = ledger.facts;
  const nodes = plan.steps.length + plan.finally.length;
  checks.pass("plan-nodes", `every step and expansion is one of the plan's ${nodes} nodes`);
  checks.pass("order", "nothing began before what it needs had let it");
  const runs = [...new Set(reused.values())].join(", ");
  if (reused.size === 0) {
    checks.pass("reuse", "no step was taken over from another run");
  } else {
    checks.skip("reuse", `${reused.size} steps: proven in ${runs}`);
  }
  if (holdsExpression(plan) || Object.keys(plan.policies).length > 0) {
    checks.skip("conditions", "expressions and policies are not evaluated again");
  } else {
    checks.pass("conditions", "the plan has none");
  }
}
