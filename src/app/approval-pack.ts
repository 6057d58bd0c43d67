import { equalBytes } from "#canon/bytes.ts";
import { digestOf, type Sha256 } from "#canon/digest.ts";
import { array, describeMisfit, integer, literal, misfitsOf, object, string } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { ok, type Result } from "#fault/result.ts";
import { PACK_FILE, type FileEntry } from "#pack/pack-files.ts";
import { treeProblem } from "#pack/tree-problem.ts";
import type { Plan } from "#plan/plan.ts";
import { recompilePlan } from "#plan/recompile-plan.ts";
import { builtIns } from "#step/built-ins.ts";
import { FOLDER, packFilePath } from "./approval-folder.ts";
import type { CaseReader } from "./approval-reader.ts";

const listingShape = array(
  object({
    path: string({ min: 1 }),
    mode: literal("644", "755"),
    size: integer({ min: 0 }),
    sha256: string({ pattern: /^[0-9a-f]{64}$/, expected: "64 lower-case hex digits" }),
  }),
);

type Planned = { readonly plan: Plan; readonly planBytes: Uint8Array; readonly inputsLock: Uint8Array };

/**
 * Holds the pack of an approval folder to the plan: the listing to the pack's digest, every file to the listing, and the
 * plan to what `pack.yaml` and the locked inputs compile to here. Faults: APPROVAL_FOLDER, APPROVAL_FOLDER_MISMATCH.
 */
export async function holdPack(
  reader: CaseReader,
  planned: Planned,
  sha256: Sha256,
): Promise<Result<readonly FileEntry[]>> {
  const bytes = await reader.document(FOLDER.packManifest);
  if (!bytes.ok) {
    return bytes;
  }
  const digest = digestOf(bytes.value, sha256);
  if (digest !== planned.plan.pack.digest) {
    return reader.other(FOLDER.packManifest, `its digest is ${digest}, the plan's pack is ${planned.plan.pack.digest}`);
  }
  const listing = readListing(bytes.value);
  if (typeof listing === "string") {
    return reader.bad(`${FOLDER.packManifest}: ${listing}`);
  }
  for (const { path, sha256: expected } of listing) {
    const found = await reader.hexOf(packFilePath(path));
    if (!found.ok) {
      return found;
    }
    if (found.value !== expected) {
      return reader.other(packFilePath(path), "its SHA-256 is not that of the pack");
    }
  }
  return recompiled(reader, planned, listing, sha256);
}

function readListing(bytes: Uint8Array): readonly FileEntry[] | string {
  const read = readCanonicalJson(bytes, FOLDER.packManifest);
  if (!read.ok) {
    return read.fault.message;
  }
  const [misfit] = misfitsOf(listingShape, read.value);
  const listing = read.value as readonly FileEntry[];
  return misfit === undefined ? (treeProblem(listing) ?? listing) : describeMisfit(misfit);
}

async function recompiled(
  reader: CaseReader,
  { plan, planBytes, inputsLock }: Planned,
  packListing: readonly FileEntry[],
  sha256: Sha256,
): Promise<Result<readonly FileEntry[]>> {
  const packBytes = await reader.document(packFilePath(PACK_FILE));
  if (!packBytes.ok) {
    return packBytes;
  }
  const request = { packBytes: packBytes.value, packListing, inputsLock, pinned: plan, builtIns, sha256 };
  const compiled = recompilePlan(request);
  if (!compiled.ok) {
    return reader.other(
      FOLDER.plan,
      `the pack does not compile to it: ${compiled.fault.hint ?? compiled.fault.message}`,
    );
  }
  return equalBytes(compiled.value.bytes, planBytes)
    ? ok(packListing)
    : reader.other(FOLDER.plan, "pack and inputs compile to another plan");
}
