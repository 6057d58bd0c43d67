import { canonicalBytes } from "#canon/canonical-json.ts";
import { concatBytes } from "#canon/bytes.ts";
import { digestOf, digestOfHex, type Digest, type Sha256 } from "#canon/digest.ts";
import type { EvidenceManifest, ManifestFile } from "#evidence/evidence-manifest.ts";
import { ATTESTATION_PATH, LEDGER_PATH, MANIFEST_PATH, SIDECAR } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { RunKey } from "#port/run-store.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { logGate, type GateLog } from "#verify/gate-log.ts";
import { evidenceArchive, exportEvidence, type EvidenceArchive } from "./export-evidence.ts";
import { incidentCodes } from "./incident-codes.ts";
import { gateFiles, snapshotPath } from "./snapshot-keeper.ts";
import type { Workplace } from "./workplace.ts";

export type ExportedSnapshot = { readonly size: number; readonly sequence: number; readonly manifestDigest: Digest };

const NEWLINE = new Uint8Array([0x0a]);

/**
 * Writes what a snapshot lists as a deterministic tar: the snapshot that the `evidence.snapshot` event of this sequence
 * names, else the last one. Faults: SNAPSHOT_UNKNOWN, those of the store and of `exportEvidence`.
 */
export async function exportSnapshot(
  key: RunKey,
  sequence: number | undefined,
  out: string,
  workplace: Workplace,
): Promise<Result<ExportedSnapshot>> {
  const found = await snapshotSource(key, sequence, workplace);
  const written = found.ok ? await exportEvidence(found.value.source, out) : found;
  return found.ok && written.ok ? ok({ ...written.value, ...found.value.named }) : (written as Result<never>);
}

/** The same as the archive that is sent. Faults: SNAPSHOT_UNKNOWN, those of the store and of `evidenceArchive`. */
export async function snapshotArchive(
  key: RunKey,
  sequence: number | undefined,
  workplace: Workplace,
): Promise<Result<EvidenceArchive & Named>> {
  const found = await snapshotSource(key, sequence, workplace);
  const archive = found.ok ? await evidenceArchive(found.value.source) : found;
  return found.ok && archive.ok ? ok({ ...archive.value, ...found.value.named }) : (archive as Result<never>);
}

/** The digest of a bundle's manifest, by which an event names a snapshot; undefined where there is none. */
export async function manifestDigestOf(source: BundleSource, sha256: Sha256): Promise<Digest | undefined> {
  const files = await source.list();
  if (!files.ok || files.value.every(({ path }) => path !== MANIFEST_PATH)) {
    return undefined;
  }
  return digestOf(concatBytes(...(await Array.fromAsync(source.open(MANIFEST_PATH)))), sha256);
}

async function snapshotSource(
  key: RunKey,
  sequence: number | undefined,
  workplace: Workplace,
): Promise<Result<{ readonly source: BundleSource; readonly named: Named }>> {
  const named = await findEvent(key, sequence, workplace);
  if (named === undefined) {
    const which = sequence === undefined ? "no snapshot" : `no snapshot at ${sequence}`;
    return fail(faultOf(incidentCodes, "SNAPSHOT_UNKNOWN", { runId: key.runId, which }));
  }
  const found = await findManifest(key, named, workplace);
  if (!found.ok) {
    return found;
  }
  const kept = found.value;
  const sidecar = await workplace.store.ledger.getFile(key, snapshotPath(kept.head) + SIDECAR);
  if (!sidecar.ok) {
    return sidecar;
  }
  const { hashes } = JSON.parse(new TextDecoder().decode(kept.bytes)) as EvidenceManifest;
  const own = new Map([
    [MANIFEST_PATH, kept.bytes],
    [ATTESTATION_PATH, sidecar.value],
  ]);
  const source: BundleSource = {
    list: async () =>
      ok([
        ...hashes.map(({ path, size }) => ({ path, size })),
        ...[...own].map(([path, { length: size }]) => ({ path, size })),
      ]),
    open: opener(
      key,
      kept.head,
      own,
      new Map(hashes.map((file) => [file.path, file])),
      await copiesOf(key, kept.head, workplace),
      workplace,
    ),
  };
  return ok({ source, named });
}

type Named = { readonly sequence: number; readonly manifestDigest: Digest };

async function findEvent(key: RunKey, wanted: number | undefined, { store }: Workplace): Promise<Named | undefined> {
  let found: Named | undefined;
  for await (const { eventType, metadata, sequence } of store.ledger.read(key)) {
    if (eventType === "evidence.snapshot" && (wanted === undefined || wanted === sequence)) {
      found = { sequence, manifestDigest: metadata.manifestDigest };
    }
  }
  return found;
}

/** How many events may stand between what a snapshot has and the event that names it: what steps print while it is signed. */
const MOST_BETWEEN = 4096;
/** Files that are asked for at a time. */
const AT_ONCE = 32;

type Manifest = { readonly head: number; readonly bytes: Uint8Array };

/**
 * A snapshot is named a little later than it was taken: other events may have come between. Faults: SNAPSHOT_UNKNOWN, those
 * of the store.
 */
async function findManifest(
  key: RunKey,
  { sequence, manifestDigest }: Named,
  { store, sha256 }: Workplace,
): Promise<Result<Manifest>> {
  const first = Math.max(1, sequence - MOST_BETWEEN);
  for (let last = sequence - 1; last >= first; last -= AT_ONCE) {
    const heads = Array.from({ length: Math.min(AT_ONCE, last - first + 1) }, (_, back) => last - back);
    const files = await Promise.all(
      heads.map(async (head) => ({ head, read: await store.ledger.getFile(key, snapshotPath(head)) })),
    );
    for (const { head, read } of files) {
      if (!read.ok && read.fault.code !== "FILE_MISSING") {
        return read;
      }
      if (read.ok && digestOf(read.value, sha256) === manifestDigest) {
        return ok({ head, bytes: read.value });
      }
    }
  }
  const which = `a snapshot at ${sequence}, but its manifest is with none of the ${sequence - first} events before it`;
  return fail(faultOf(incidentCodes, "SNAPSHOT_UNKNOWN", { runId: key.runId, which }));
}

/** What files of gates are called beside the ledger, by their names in a bundle. */
async function copiesOf(key: RunKey, head: number, { store, sha256 }: Workplace): Promise<ReadonlyMap<string, string>> {
  const gates: GateLog = { gates: new Map(), contexts: new Map() };
  for await (const event of store.ledger.read(key)) {
    if (event.sequence > head) {
      break;
    }
    logGate(gates, event);
  }
  return new Map(gateFiles(gates, sha256).map(([from, to]) => [to, from]));
}

function opener(
  key: RunKey,
  head: number,
  own: ReadonlyMap<string, Uint8Array>,
  listed: ReadonlyMap<string, ManifestFile>,
  copies: ReadonlyMap<string, string>,
  { store, artifacts }: Workplace,
): BundleSource["open"] {
  return (path) => {
    const file = listed.get(path);
    if (file?.role === "artifact") {
      return artifacts.open(key.tenantId, digestOfHex(file.sha256));
    }
    return path === LEDGER_PATH ? ledgerSoFar() : small(path);
  };
  async function* ledgerSoFar(): AsyncGenerator<Uint8Array> {
    for await (const event of store.ledger.read(key)) {
      if (event.sequence > head) {
        return;
      }
      yield concatBytes(canonicalBytes(event), NEWLINE);
    }
  }
  async function* small(path: string): AsyncGenerator<Uint8Array> {
    const kept = own.get(path);
    const read = kept === undefined ? await store.ledger.getFile(key, copies.get(path) ?? path) : ok(kept);
    if (!read.ok) {
      throw new StoreError(read.fault);
    }
    yield read.value;
  }
}
