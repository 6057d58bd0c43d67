import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { VerifySignature } from "#attest/public-key.ts";
import { packRunPredicate } from "#attest/pack-run.ts";
import { digestOf, digestOfHex, type Digest } from "#canon/digest.ts";
import { evidenceManifestBytes, type VerifierName } from "#evidence/evidence-manifest.ts";
import {
  ATTESTATION_PATH,
  INPUTS_LOCK_PATH,
  MANIFEST_PATH,
  OUTPUTS_PATH,
  PACK_ATTESTATION_PATH,
  PACK_MANIFEST_PATH,
  PLAN_PATH,
  REVOCATIONS_PATH,
  RUN_REQUEST_PATH,
  SBOM_PATH,
  SIDECAR,
  TRUST_ROOT_PATH,
} from "#evidence/evidence-path.ts";
import { outputsBytes } from "#evidence/outputs-file.ts";
import { packRunOf, packRunSubjects } from "#evidence/pack-run-statement.ts";
import { listArtifacts, type RunFacts } from "#evidence/run-facts.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import { planCodes } from "#plan/codes.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { LineStore, RunIdentity } from "#port/run-store.ts";
import type { Signer } from "#port/signer.ts";
import { runCodes } from "#run/codes.ts";
import type { RevocationFiles } from "#trust/check-revocations.ts";
import { isTerminal } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";
import { BundleWriter } from "./bundle-writer.ts";
import { standingBundle } from "./evidence-target.ts";
import { sealArtifacts } from "./seal-artifacts.ts";
import { sealEgress } from "./seal-egress.ts";
import { sealGates } from "./seal-gates.ts";
import { sealLedger, type LedgerSource, type SealedLedger } from "./seal-ledger.ts";
import { signStatement } from "./sign-statement.ts";

export type SealPorts = LedgerSource & {
  readonly lines: LineStore;
  readonly artifacts: ArtifactStore;
  /** Signs the attestation with the role `run-attestor`. */
  readonly attestor: Signer;
  readonly verifySignature: VerifySignature;
  readonly engine: { readonly name: string; readonly version: string };
  readonly verifier: VerifierName;
  /** The site's revocation list as it stands, which the bundle keeps as a floor. */
  readonly revocations?: RevocationFiles;
};

export type SealedRun = {
  readonly folder: string;
  readonly manifestDigest: Digest;
  /** False when the bundle was there already. */
  readonly made: boolean;
};

/**
 * Seals a finished run into `folder`. May be repeated: its bundle that is there stands. Streams; artifacts are copied, so
 * that nothing in the store can change a sealed bundle. Faults: EVIDENCE_TARGET, RUN_NOT_FINISHED, TIMELINE_INCOMPLETE,
 * LEDGER_BROKEN, PLAN_DRIFT where the plan, the inputs lock or the pack's listing is not the run's any more, and those of
 * the store and the signer.
 */
export async function sealRun(identity: RunIdentity, ports: SealPorts, folder: string): Promise<Result<SealedRun>> {
  const before = await standingBundle(folder, identity.runId, ports.sha256);
  if (!before.ok) {
    return before;
  }
  if (before.value !== undefined) {
    return ok({ folder, manifestDigest: before.value, made: false });
  }
  await removeLeftovers(folder);
  const draft = `${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  ownDrafts.add(draft);
  try {
    await using writer = new BundleWriter(folder, draft);
    const manifestDigest = await writeBundle(identity, ports, writer);
    if (!manifestDigest.ok) {
      return manifestDigest;
    }
    if (await writer.finish()) {
      return ok({ folder, manifestDigest: manifestDigest.value, made: true });
    }
    const other = await standingBundle(folder, identity.runId, ports.sha256);
    return other.ok ? ok({ folder, manifestDigest: other.value ?? manifestDigest.value, made: false }) : other;
  } catch (error) {
    return fail(faultOfError(error));
  } finally {
    ownDrafts.delete(draft);
  }
}

/** A store that fails, or a disk that is full or gone; all else is a bug and is thrown on. */
function faultOfError(error: unknown): Fault {
  if (error instanceof StoreError) {
    return error.fault;
  }
  if (error instanceof Error && "syscall" in error && "code" in error) {
    const full = error.code === "ENOSPC" || error.code === "EDQUOT" || error.code === "EFBIG";
    return faultOf(storeCodes, full ? "STORE_FULL" : "STORE_UNAVAILABLE", { problem: error.message });
  }
  throw error;
}

async function writeBundle(identity: RunIdentity, ports: SealPorts, writer: BundleWriter): Promise<Result<Digest>> {
  const ledger = await sealLedger(identity, ports, writer);
  if (!ledger.ok) {
    return ledger;
  }
  const unfinished = unfinishedFault(identity, ledger.value);
  if (unfinished !== undefined) {
    return fail(unfinished);
  }
  const files = await sealFiles(identity, ledger.value.facts, ports, writer);
  if (!files.ok) {
    return files;
  }
  const gates = await sealGates(identity, ledger.value.gates, ports, writer);
  if (!gates.ok) {
    return gates;
  }
  await sealEgress(identity, ports, writer);
  await sealRevocations(ports.revocations, writer);
  const sizes = await sealArtifacts(identity, ledger.value, ports, writer);
  if (!sizes.ok) {
    return sizes;
  }
  const { facts } = ledger.value;
  const artifacts = listArtifacts(facts, (tree) => sizes.value.get(tree) ?? 0);
  await writer.write(OUTPUTS_PATH, outputsBytes(identity.runId, facts.finished?.outputs ?? {}, artifacts));
  return sealManifest(identity, ledger.value, ports, writer);
}

function unfinishedFault({ runId }: RunIdentity, { state, facts }: SealedLedger) {
  if (!isTerminal(state.status) || facts.finished === undefined) {
    return faultOf(runCodes, "RUN_NOT_FINISHED", { runId });
  }
  const open = runSummary(state).steps.filter((step) => !isTerminal(step.status));
  const steps = open.map((step) => step.id).join(", ");
  return open.length === 0 ? undefined : faultOf(runCodes, "TIMELINE_INCOMPLETE", { runId, steps });
}

const OPTIONAL_FILES: ReadonlySet<string> = new Set([
  RUN_REQUEST_PATH,
  TRUST_ROOT_PATH,
  PACK_ATTESTATION_PATH,
  SBOM_PATH,
  SBOM_PATH + SIDECAR,
]);

/**
 * The small files that stand beside the ledger under the same names. Those that the ledger binds are held to it: what
 * ended well, or failed by itself, is not attested beside another plan, inputs lock or pack. Of a run that ended for drift
 * they are evidence as they stand, and one that is gone is left out. Faults: PLAN_DRIFT, and those of the store.
 */
async function sealFiles(
  identity: RunIdentity,
  { created, finished }: RunFacts,
  { ledger, sha256 }: SealPorts,
  writer: BundleWriter,
): Promise<Result<void>> {
  const bound = new Map<string, Digest | undefined>([
    [PLAN_PATH, identity.planHash],
    [INPUTS_LOCK_PATH, created?.inputsLock],
    [PACK_MANIFEST_PATH, created?.packDigest],
  ]);
  const isDrifted = finished?.reason === "PLAN_DRIFT";
  for (const path of [...bound.keys(), ...OPTIONAL_FILES]) {
    const bytes = await ledger.getFile(identity, path);
    if (!bytes.ok && (bytes.fault.code !== "FILE_MISSING" || !(isDrifted || OPTIONAL_FILES.has(path)))) {
      return bytes;
    }
    if (bytes.ok && !isDrifted && bound.has(path) && digestOf(bytes.value, sha256) !== bound.get(path)) {
      const hint = `the ${path} beside the ledger is not the one that the run was created with: put that back, and the run is sealed`;
      return fail(faultOf(planCodes, "PLAN_DRIFT", { node: path, pointer: "/" }, { hint }));
    }
    if (bytes.ok) {
      await writer.write(path, bytes.value);
    }
  }
  return ok(undefined);
}

/** A list without its sidecar proves nothing and is left out. */
async function sealRevocations(files: RevocationFiles | undefined, writer: BundleWriter): Promise<void> {
  if (files?.sidecar !== undefined) {
    await writer.write(REVOCATIONS_PATH, files.list);
    await writer.write(REVOCATIONS_PATH + SIDECAR, files.sidecar);
  }
}

async function sealManifest(
  identity: RunIdentity,
  sealed: SealedLedger,
  ports: SealPorts,
  writer: BundleWriter,
): Promise<Result<Digest>> {
  const { files } = writer;
  const bytes = evidenceManifestBytes(identity, files, ports.verifier);
  const manifestDigest = digestOf(bytes, ports.sha256);
  const { facts, state, digest } = sealed;
  const predicate = packRunOf(
    {
      identity,
      plan: state.plan,
      facts,
      steps: runSummary(state).steps.map(({ id, kind, status }) => ({ id, kind, status })),
      ledgerDigest: digest,
      manifestDigest,
      files,
      sealer: ports.engine,
    },
    ports.sha256,
  );
  if (predicate === undefined) {
    return fail(faultOf(runCodes, "RUN_NOT_FINISHED", { runId: identity.runId }));
  }
  const subjects = packRunSubjects(manifestDigest, facts.finished?.outputs ?? {});
  const draft = {
    predicate: packRunPredicate,
    subjects: subjects.map((subject) => ({ name: subject.name, digest: digestOfHex(subject.digest.sha256) })),
    value: predicate,
  };
  const signed = await signStatement(ports.attestor, draft, ports);
  if (!signed.ok) {
    return signed;
  }
  await writer.write(MANIFEST_PATH, bytes);
  await writer.write(ATTESTATION_PATH, signed.value.sidecar);
  return ok(manifestDigest);
}

/** Drafts that this process is at work on: a server's worker may seal a run that somebody fetches at the same time. */
const ownDrafts = new Set<string>();

/** Drafts of processes that died while they sealed this run. */
async function removeLeftovers(folder: string): Promise<void> {
  const beginning = `.${basename(folder)}.`;
  const names = await readdir(dirname(folder)).catch(() => []);
  for (const name of names) {
    const draft = name.startsWith(beginning) ? name.slice(beginning.length) : "";
    const [, pid] = /^([0-9]+)\.[0-9a-f]{8}\.tmp$/.exec(draft) ?? [];
    if (pid !== undefined && !ownDrafts.has(draft) && !isAlive(Number(pid))) {
      await rm(join(dirname(folder), name), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
