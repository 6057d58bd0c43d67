import { digestOfHex, type Sha256 } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { RunIdentity, RunKey } from "#port/run-store.ts";
import { runCodes } from "#run/codes.ts";
import { gateStanding } from "#run/gate-standing.ts";
import { entryOf } from "#run/run-record.ts";
import { isTerminal } from "#run/status.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { simulate } from "#view/simulation.ts";
import { readApprovalCase, simulationFiles, type ApprovalCase } from "./approval-case.ts";
import { FOLDER, packFilePath } from "./approval-folder.ts";
import { requestPath } from "./approval-paths.ts";
import { approvalUseCodes } from "./approval-use-codes.ts";
import { writeApprovalFolder } from "./approval-writer.ts";
import { compareArchived } from "./bundle-tar.ts";
import { unknownGate } from "./decide-gate.ts";
import { archiveOf, type EvidenceArchive } from "./export-evidence.ts";
import { readRunState } from "./read-run.ts";
import type { Workplace } from "./workplace.ts";

export type ExportedRequest = {
  /** The folder or the archive. */
  readonly path: string;
  readonly runId: string;
  readonly gateId: string;
  readonly planHash: string;
  readonly requestDigest: string;
  readonly notAfter: string;
};

/**
 * Writes everything that the other side of a gap needs to decide on an open gate: a folder, or one deterministic archive
 * where `out` ends in `.tar`. What is written was held to the request first, as its reader will. Faults: GATE_UNKNOWN,
 * GATE_CLOSED, RUN_FINISHED, APPROVAL_FOLDER, APPROVAL_FOLDER_MISMATCH, USER_FILE_WRITE, those of the store.
 */
export async function exportApproval(
  key: RunKey,
  gateId: string,
  out: string,
  workplace: Workplace,
): Promise<Result<ExportedRequest>> {
  const held = await approvalSource(key, gateId, workplace);
  if (!held.ok) {
    return held;
  }
  const { source, asked } = held.value;
  const written = await writeApprovalFolder(source, out);
  return written.ok ? ok(exported(out, asked)) : written;
}

/**
 * Writes the same from what was received of another place, when it is whole and of that gate. Who vouches for it is looked at
 * where it is decided. Faults: APPROVAL_FOLDER, APPROVAL_FOLDER_MISMATCH, those of the formats, USER_FILE_WRITE.
 */
export async function writeReceivedRequest(
  source: BundleSource,
  { runId, gateId }: { readonly runId: string; readonly gateId: string },
  out: string,
  sha256: Sha256,
): Promise<Result<ExportedRequest>> {
  const asked = await readApprovalCase(source, runId, sha256);
  if (!asked.ok) {
    return asked;
  }
  const { request } = asked.value;
  if (request.runId !== runId || request.gateId !== gateId) {
    const problem = `it is for gate ${request.gateId} of run ${request.runId}`;
    return fail(faultOf(approvalUseCodes, "APPROVAL_FOLDER_MISMATCH", { file: FOLDER.request, problem }));
  }
  const written = await writeApprovalFolder(source, out);
  return written.ok ? ok(exported(out, asked.value)) : written;
}

/** The same as the archive that is sent. Faults: those of `exportApproval`, and BUNDLE_ENTRY_UNSAFE. */
export async function approvalArchive(
  key: RunKey,
  gateId: string,
  workplace: Workplace,
): Promise<Result<EvidenceArchive>> {
  const held = await approvalSource(key, gateId, workplace);
  const files = held.ok ? await held.value.source.list() : held;
  return held.ok && files.ok
    ? archiveOf(
        held.value.source,
        files.value.toSorted((a, b) => compareArchived(a.path, b.path)),
      )
    : (files as Result<never>);
}

/** The files of an approval folder, held to the request. */
async function approvalSource(
  key: RunKey,
  gateId: string,
  workplace: Workplace,
): Promise<Result<{ readonly source: BundleSource; readonly asked: ApprovalCase }>> {
  const identity = await workplace.store.ledger.identity(key);
  const open = identity.ok ? await checkOpen(identity.value, gateId, workplace) : identity;
  if (!identity.ok || !open.ok) {
    return open as Result<never>;
  }
  const source = await storedSource(identity.value, gateId, workplace);
  const asked = source.ok ? await readApprovalCase(source.value, key.runId, workplace.sha256) : source;
  return source.ok && asked.ok ? ok({ source: source.value, asked: asked.value }) : (asked as Result<never>);
}

function exported(path: string, { request, requestDigest }: ApprovalCase): ExportedRequest {
  const { runId, gateId, planHash, notAfter } = request;
  return { path, runId, gateId, planHash, requestDigest, notAfter };
}

async function checkOpen(identity: RunIdentity, gateId: string, workplace: Workplace): Promise<Result<void>> {
  const state = await readRunState(identity, workplace);
  if (!state.ok) {
    return state;
  }
  if (isTerminal(state.value.status)) {
    return fail(faultOf(runCodes, "RUN_FINISHED", { runId: identity.runId }));
  }
  const { known, open } = gateStanding(state.value, gateId);
  const notAfter = entryOf(state.value.gates, gateId)?.opened?.notAfter ?? 0;
  if (!known) {
    return fail(unknownGate(gateId, state.value.plan));
  }
  if (open && workplace.clock.now() >= notAfter) {
    const hint = `it expired at ${timestampOf(notAfter)}; \`packrun resume ${identity.runId}\` ends the run`;
    return fail(faultOf(runCodes, "GATE_CLOSED", { gate: gateId }, { hint }));
  }
  return open ? ok(undefined) : fail(faultOf(runCodes, "GATE_CLOSED", { gate: gateId }));
}

/** The files of the folder as they lie in the store; pack files are streamed from their artifacts. */
async function storedSource(
  identity: RunIdentity,
  gateId: string,
  workplace: Workplace,
): Promise<Result<BundleSource>> {
  const stored = await storedDocuments(identity, gateId, workplace);
  if (!stored.ok) {
    return stored;
  }
  const plan = readPlan(stored.value.get(FOLDER.plan) ?? new Uint8Array());
  const simulation = plan.ok ? simulate(plan.value, {}, workplace.sha256) : plan;
  const listing = readCanonicalJson(stored.value.get(FOLDER.packManifest) ?? new Uint8Array(), FOLDER.packManifest);
  if (!simulation.ok || !listing.ok) {
    return simulation.ok ? (listing as Result<never>) : simulation;
  }
  const documents = new Map([...stored.value, ...simulationFiles(simulation.value)]);
  const files = new Map((listing.value as readonly FileEntry[]).map((file) => [packFilePath(file.path), file]));
  return ok({
    list: () =>
      Promise.resolve(
        ok([
          ...[...documents].map(([path, bytes]) => ({ path, size: bytes.length })),
          ...[...files].map(([path, { size }]) => ({ path, size })),
        ]),
      ),
    open: (path) => openStored(path, documents, files, identity, workplace),
  });
}

async function* openStored(
  path: string,
  documents: ReadonlyMap<string, Uint8Array>,
  files: ReadonlyMap<string, FileEntry>,
  { tenantId }: RunIdentity,
  { artifacts }: Workplace,
): AsyncIterable<Uint8Array> {
  const file = files.get(path);
  if (file === undefined) {
    yield documents.get(path) ?? new Uint8Array();
  } else {
    yield* artifacts.open(tenantId, digestOfHex(file.sha256));
  }
}

async function storedDocuments(
  identity: RunIdentity,
  gateId: string,
  { store }: Workplace,
): Promise<Result<ReadonlyMap<string, Uint8Array>>> {
  const request = requestPath(gateId);
  const places: readonly (readonly [path: string, stored: string])[] = [
    [FOLDER.request, request],
    [FOLDER.requestSidecar, `${request}.sigstore.json`],
    [FOLDER.runRequest, "request.sigstore.json"],
    [FOLDER.plan, "plan.canonical.json"],
    [FOLDER.inputsLock, "inputs.lock"],
    [FOLDER.packManifest, "pack.manifest.json"],
  ];
  const documents = new Map<string, Uint8Array>();
  for (const [path, stored] of places) {
    const bytes = await store.ledger.getFile(identity, stored);
    if (!bytes.ok) {
      return bytes;
    }
    documents.set(path, bytes.value);
  }
  return ok(documents);
}
