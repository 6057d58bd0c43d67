import { evidenceSnapshotPredicate } from "#attest/evidence-snapshot.ts";
import { packRunPredicate, type PackRun } from "#attest/pack-run.ts";
import { pae } from "#attest/pae.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import type { Envelope } from "#attest/sidecar.ts";
import type { Predicate } from "#attest/statement.ts";
import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { evidenceManifestShape, type EvidenceManifest } from "#evidence/evidence-manifest.ts";
import { ATTESTATION_PATH, MANIFEST_PATH, OUTPUTS_PATH } from "#evidence/evidence-path.ts";
import { outputsShape, type OutputsFile } from "#evidence/outputs-file.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { bundleCodes } from "#verify/bundle-codes.ts";
import { logGate, type GateLog } from "#verify/gate-log.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { addStepUse, type StepUse } from "#view/step-use.ts";
import { readBundleEvents } from "./read-bundle-events.ts";
import { readBundleFile, readBundleJson } from "./read-bundle-file.ts";

/** What a bundle says of itself. Nothing of it is verified here. */
export type EvidenceView = {
  readonly manifest: EvidenceManifest;
  readonly manifestDigest: Digest;
  readonly attestation: PackRun;
  /** As the envelope names it; selects nothing and proves nothing. */
  readonly keyid: string;
  readonly outputs: OutputsFile;
  /** What its ledger says that steps used: those of which it says something, in ledger order. */
  readonly use: readonly ({ readonly id: string } & StepUse)[];
  /** Of each of the attestation's `approvals`, in their order: the code with which its ledger takes it back, null where it counts. */
  readonly takenBack: readonly (string | null)[];
};

/** A snapshot has neither outputs nor an end that could be shown. */
const SNAPSHOT_HINT =
  "`packrun evidence extract` writes the artifacts that it has, `packrun evidence show --logs` what its steps printed; " +
  "`packrun verify` says whether it is whole";

/** Reads a bundle for `evidence show`. Faults: EVIDENCE_NOT_FINAL for a snapshot, those of reading and of the formats. */
export async function showEvidence(source: BundleSource, sha256: Sha256): Promise<Result<EvidenceView>> {
  const manifest = await readBundleJson(source, MANIFEST_PATH, evidenceManifestShape);
  if (!manifest.ok) {
    return manifest;
  }
  if (!manifest.value.final) {
    return fail(faultOf(bundleCodes, "EVIDENCE_NOT_FINAL", {}, { hint: SNAPSHOT_HINT }));
  }
  const bytes = await readBundleFile(source, MANIFEST_PATH);
  const signed = await readAttestation(source, packRunPredicate);
  const outputs = await readBundleJson(source, OUTPUTS_PATH, outputsShape);
  if (!bytes.ok || !signed.ok || !outputs.ok) {
    return bytes.ok ? (signed.ok ? (outputs as Result<never>) : signed) : bytes;
  }
  const { envelope, attestation } = signed.value;
  const uses = new Map<string, StepUse>();
  const log: GateLog = { gates: new Map(), contexts: new Map() };
  for await (const event of readBundleEvents(source)) {
    addStepUse(uses, event);
    logGate(log, event);
  }
  return ok({
    manifest: manifest.value,
    manifestDigest: digestOf(bytes.value, sha256),
    attestation,
    keyid: envelope.keyid ?? "",
    outputs: outputs.value,
    use: [...uses].map(([id, use]) => ({ id, ...use })),
    takenBack: takenBack(attestation, log),
  });
}

/** Attested decisions of a gate stand in the order of its ledger. */
function takenBack({ approvals }: PackRun, { gates }: GateLog): EvidenceView["takenBack"] {
  const left = new Map([...gates].map(([id, { decisions }]) => [id, decisions.values()]));
  return approvals.map(({ gateId }) => left.get(gateId)?.next().value?.void ?? null);
}

/**
 * The bytes that the signature of a bundle's attestation is made over, in UTF-8; of a snapshot too. Faults: those of
 * reading and of the formats.
 */
export async function attestationPae(source: BundleSource): Promise<Result<Uint8Array>> {
  const manifest = await readBundleJson(source, MANIFEST_PATH, evidenceManifestShape);
  if (!manifest.ok) {
    return manifest;
  }
  const signed = await (manifest.value.final
    ? readAttestation(source, packRunPredicate)
    : readAttestation(source, evidenceSnapshotPredicate));
  return signed.ok ? ok(pae(signed.value.envelope.payloadType, signed.value.envelope.payload)) : signed;
}

async function readAttestation<T>(
  source: BundleSource,
  predicate: Predicate<T>,
): Promise<Result<{ readonly envelope: Envelope; readonly attestation: T }>> {
  const sidecar = await readBundleFile(source, ATTESTATION_PATH);
  const envelope = sidecar.ok ? readSidecar(sidecar.value, "own") : sidecar;
  if (!envelope.ok) {
    return envelope;
  }
  const statement = readStatement(envelope.value.payload, predicate);
  return statement.ok ? ok({ envelope: envelope.value, attestation: statement.value.predicate }) : statement;
}
