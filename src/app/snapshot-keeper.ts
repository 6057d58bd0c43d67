import { createHash, type Hash } from "node:crypto";
import { evidenceSnapshotPredicate } from "#attest/evidence-snapshot.ts";
import { digestOf, digestOfHex, hexOf, type Digest } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { evidenceManifestBytes, type ManifestFile, type VerifierName } from "#evidence/evidence-manifest.ts";
import {
  artifactPath,
  INPUTS_LOCK_PATH,
  LEDGER_PATH,
  MANIFEST_PATH,
  mediaTypeOf,
  PACK_ATTESTATION_PATH,
  PACK_MANIFEST_PATH,
  PLAN_PATH,
  roleOf,
  RUN_REQUEST_PATH,
  SBOM_PATH,
  SIDECAR,
  TRUST_ROOT_PATH,
} from "#evidence/evidence-path.ts";
import { gateRequestPath, gateResponsePath } from "#evidence/gate-path.ts";
import { addEvent, noFacts, treesOf, type RunFacts } from "#evidence/run-facts.ts";
import { storeFailure } from "#engine/store-fault.ts";
import { ok, type Result } from "#fault/result.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { concatBytes } from "#canon/bytes.ts";
import type { Plan } from "#plan/plan.ts";
import type { Signer } from "#port/signer.ts";
import type { Head, RunIdentity, RunKey } from "#port/run-store.ts";
import type { SnapshotKeeper } from "#port/snapshot-keeper.ts";
import { policyContextPath } from "#run/policy-context-path.ts";
import { logGate, type GateLog } from "#verify/gate-log.ts";
import { requestPath, responsePath } from "./approval-paths.ts";
import { shippedVerifier } from "./shipped-verifier.ts";
import { signStatement } from "./sign-statement.ts";
import { declaredFirst, readTreeArtifact } from "./tree-artifact.ts";
import type { Workplace } from "./workplace.ts";

const NEWLINE = new Uint8Array([0x0a]);
/** Files that may stand beside a ledger, under the names that a bundle gives them. */
const FILES = [
  PLAN_PATH,
  INPUTS_LOCK_PATH,
  PACK_MANIFEST_PATH,
  RUN_REQUEST_PATH,
  TRUST_ROOT_PATH,
  PACK_ATTESTATION_PATH,
  SBOM_PATH,
  SBOM_PATH + SIDECAR,
];

/** Where a snapshot of the run up to this event is kept, beside its ledger. */
export function snapshotPath(sequence: number): string {
  return `snapshots/${sequence}/${MANIFEST_PATH}`;
}

/** Of which run and plan snapshots are made, who signs them, and whom they recommend: the verifier of this package unless given. */
export type SnapshotRun = {
  readonly identity: RunIdentity;
  readonly plan: Plan;
  readonly attestor: Signer;
  readonly verifier?: VerifierName | undefined;
};
type Ground = Pick<Workplace, "store" | "artifacts" | "sha256" | "verifySignature" | "clock" | "engine">;

/** Keeps snapshots as small files of the run: a manifest that is not final, and its sidecar. */
export function snapshotKeeper(run: SnapshotRun, workplace: Ground): SnapshotKeeper {
  return { take: (head) => take(run, head, workplace) };
}

async function take(run: SnapshotRun, head: Head, workplace: Ground): Promise<Result<Digest>> {
  const { identity, attestor, verifier } = run;
  const { store, sha256, clock, engine } = workplace;
  const path = snapshotPath(head.sequence);
  const before = await store.ledger.getFile(identity, path);
  const signed = before.ok ? await store.ledger.getFile(identity, path + SIDECAR) : before;
  if (before.ok && signed.ok) {
    return ok(digestOf(before.value, sha256));
  }
  const told = await readSoFar(identity, head, workplace);
  const files = await listFiles(run, told, workplace).catch(storeFailure);
  if (!files.ok) {
    return files;
  }
  const named = verifier ?? (await shippedVerifier(engine.version));
  const bytes = evidenceManifestBytes(identity, files.value, named, false);
  const manifestDigest = digestOf(bytes, sha256);
  const { runId, tenantId, trustDomain, planHash } = identity;
  const draft = {
    predicate: evidenceSnapshotPredicate,
    subjects: [{ name: MANIFEST_PATH, digest: manifestDigest }],
    value: {
      runId,
      tenantId,
      trustDomain,
      planHash,
      ledger: { count: head.sequence, headHash: head.hash, digest: told.digest },
      takenAt: timestampOf(clock.now()),
    },
  };
  const sidecar = await signStatement(attestor, draft, workplace);
  if (!sidecar.ok) {
    return sidecar;
  }
  const kept = await store.ledger.putFile(identity, path, bytes);
  const beside = kept.ok ? await store.ledger.putFile(identity, path + SIDECAR, sidecar.value.sidecar) : kept;
  // Another process has signed the same manifest.
  return beside.ok || beside.fault.code === "FILE_CONFLICT" ? ok(manifestDigest) : beside;
}

type SoFar = {
  readonly facts: RunFacts;
  readonly gates: GateLog;
  readonly size: number;
  readonly digest: Digest;
};

/** The events up to the head, as the lines that the ledger's file begins with. */
async function readSoFar(identity: RunKey, { sequence }: Pick<Head, "sequence">, { store }: Ground): Promise<SoFar> {
  const facts = noFacts();
  const gates: GateLog = { gates: new Map(), contexts: new Map() };
  const hash: Hash = createHash("sha256");
  let size = 0;
  for await (const event of store.ledger.read(identity)) {
    if (event.sequence > sequence) {
      break;
    }
    const line = concatBytes(canonicalBytes(event), NEWLINE);
    hash.update(line);
    size += line.length;
    addEvent(facts, event);
    logGate(gates, event);
  }
  return { facts, gates, size, digest: digestOfHex(hash.digest("hex")) };
}

type AddFile = (path: string, of: Digest, bytes: number, declared?: string) => void;

async function listFiles(run: SnapshotRun, told: SoFar, ground: Ground): Promise<Result<readonly ManifestFile[]>> {
  const { store, sha256 } = ground;
  const listed = new Map<string, ManifestFile>();
  const add: AddFile = (path, of, bytes, declared) => {
    const role = roleOf(path);
    if (role !== undefined && !listed.has(path)) {
      listed.set(path, { path, sha256: hexOf(of), size: bytes, mediaType: mediaTypeOf(path, declared), role });
    }
  };
  add(LEDGER_PATH, told.digest, told.size);
  const copies = [...FILES.map((path) => [path, path] as const), ...gateFiles(told.gates, sha256)];
  for (const [from, to] of copies) {
    const bytes = await store.ledger.getFile(run.identity, from);
    if (bytes.ok) {
      add(to, digestOf(bytes.value, sha256), bytes.value.length);
    } else if (bytes.fault.code !== "FILE_MISSING") {
      return bytes;
    }
  }
  const artifacts = await listArtifacts(run, told.facts, ground, add);
  return artifacts.ok ? ok([...listed.values()]) : artifacts;
}

/** As a sealed bundle has them: every artifact that the ledger names, and the files of the trees among them. */
async function listArtifacts(
  { identity, plan }: SnapshotRun,
  facts: RunFacts,
  { artifacts }: Ground,
  add: AddFile,
): Promise<Result<void>> {
  const trees = treesOf(facts, plan);
  const files = new Map<Digest, number>();
  for (const { digest, size = 0, mediaType } of facts.artifacts.toSorted(declaredFirst)) {
    if (!trees.has(digest)) {
      add(artifactPath(hexOf(digest)), digest, size, mediaType);
      continue;
    }
    const tree = await readTreeArtifact(artifacts.open(identity.tenantId, digest));
    if (!tree.ok) {
      return tree;
    }
    add(artifactPath(hexOf(digest)), digest, tree.value.size, mediaType);
    for (const entry of tree.value.listing) {
      if (entry.mode !== "link") {
        files.set(digestOfHex(entry.sha256), entry.size);
      }
    }
  }
  files.forEach((size, digest) => add(artifactPath(hexOf(digest)), digest, size));
  return ok(undefined);
}

/** What gates were asked and what was answered, by the names beside the ledger and in a bundle. */
export function gateFiles(log: GateLog, sha256: Workplace["sha256"]): readonly (readonly [string, string])[] {
  const files: (readonly [string, string])[] = [];
  for (const [id, { opened, decisions }] of log.gates) {
    if (opened !== undefined) {
      const to = gateRequestPath(id, sha256);
      files.push([requestPath(id), to], [requestPath(id) + SIDECAR, to + SIDECAR]);
    }
    for (const { payloadDigest, number } of decisions) {
      files.push([responsePath(id, hexOf(payloadDigest)), gateResponsePath(id, number, sha256)]);
    }
  }
  for (const id of log.contexts.keys()) {
    files.push([policyContextPath(id, sha256), policyContextPath(id, sha256)]);
  }
  return files;
}
