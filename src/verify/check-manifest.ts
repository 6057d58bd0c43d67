import { digestOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { evidenceManifestShape, type EvidenceManifest } from "#evidence/evidence-manifest.ts";
import {
  ATTESTATION_PATH,
  EGRESS_PATH,
  INPUTS_LOCK_PATH,
  LEDGER_PATH,
  MANIFEST_PATH,
  mediaTypeOf,
  OUTPUTS_PATH,
  PACK_MANIFEST_PATH,
  PLAN_PATH,
  roleOf,
} from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleReader } from "./bundle-reader.ts";
import type { CheckList } from "./check-list.ts";
import { bundleCodes } from "./bundle-codes.ts";
import { shown } from "./shown.ts";

export type ReadManifest = { readonly manifest: EvidenceManifest; readonly digest: Digest };

const NEEDED = [PLAN_PATH, INPUTS_LOCK_PATH, LEDGER_PATH, PACK_MANIFEST_PATH];
/** What a run has when it has ended. */
const OF_AN_END = [OUTPUTS_PATH, EGRESS_PATH];

/** Reads the manifest strictly. Faults: EVIDENCE_MANIFEST_INVALID and those of reading. */
export async function readManifest(reader: BundleReader, sha256: Sha256): Promise<Result<ReadManifest>> {
  const bytes = await reader.document(MANIFEST_PATH);
  if (!bytes.ok) {
    return bytes;
  }
  const read = readCanonicalJson(bytes.value, MANIFEST_PATH);
  if (!read.ok) {
    return invalid("it is not canonical JSON");
  }
  const [misfit] = misfitsOf(evidenceManifestShape, read.value);
  if (misfit !== undefined) {
    return invalid(describeMisfit(misfit));
  }
  const manifest = read.value as EvidenceManifest;
  const wrong = listProblem(manifest);
  if (wrong !== undefined) {
    return invalid(wrong);
  }
  return ok({ manifest, digest: digestOf(bytes.value, sha256) });
}

function listProblem({ hashes, plan, planHash, final }: EvidenceManifest): string | undefined {
  if (plan.hash !== planHash) {
    return "plan.hash is not planHash";
  }
  for (const [at, file] of hashes.entries()) {
    const before = hashes[at - 1];
    if (before !== undefined && compareUtf8(before.path, file.path) >= 0) {
      return `${shown(file.path)} is listed twice or out of order`;
    }
    if (roleOf(file.path) !== file.role) {
      return `${shown(file.path)} has no such name or role in a bundle`;
    }
    if (file.role !== "artifact" && mediaTypeOf(file.path) !== file.mediaType) {
      return `${shown(file.path)} has another media type`;
    }
  }
  const paths = new Set(hashes.map((file) => file.path));
  const absent = (final ? [...NEEDED, OUTPUTS_PATH] : NEEDED).find((path) => !paths.has(path));
  if (absent !== undefined) {
    return `${absent} is not listed`;
  }
  const early = final ? undefined : OF_AN_END.find((path) => paths.has(path));
  return early === undefined ? undefined : `a snapshot lists ${early}`;
}

/** Holds every file to the manifest: none missing, none extra, none different. Reads whatever was not read yet. */
export async function checkFiles(manifest: EvidenceManifest, reader: BundleReader, checks: CheckList): Promise<void> {
  const listed = new Set([MANIFEST_PATH, ATTESTATION_PATH]);
  for (const file of manifest.hashes) {
    listed.add(file.path);
    const present = reader.files.get(file.path);
    if (present === undefined) {
      checks.fail("manifest", faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path: file.path }));
      continue;
    }
    if (present.size === file.size && reader.seen(file.path) === undefined) {
      const streamed = await reader.stream(file.path, () => undefined);
      if (!streamed.ok) {
        checks.fail("manifest", streamed.fault);
        continue;
      }
    }
    const seen = reader.seen(file.path);
    if (seen?.sha256 !== file.sha256 || seen.size !== file.size) {
      checks.fail("manifest", faultOf(bundleCodes, "EVIDENCE_FILE_CHANGED", { path: file.path }));
    }
  }
  for (const path of [...reader.files.keys()].toSorted(compareUtf8)) {
    if (!listed.has(path)) {
      checks.fail("manifest", faultOf(bundleCodes, "EVIDENCE_FILE_EXTRA", { path: shown(path) }));
    }
  }
  checks.pass("manifest", `${manifest.hashes.length} files, none missing, none extra, none different`);
}

function invalid(problem: string): Result<never> {
  return fail(faultOf(bundleCodes, "EVIDENCE_MANIFEST_INVALID", { problem }));
}
