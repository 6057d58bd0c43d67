import { mkdir, open, rename, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Digest } from "#canon/digest.ts";
import { BLOCK } from "#evidence/ustar.ts";
import { faultOf } from "#fault/code-table.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemCode } from "#fault/system-problem.ts";
import { withImportDraft } from "../import-draft.ts";
import { packBundleUseCodes } from "../pack-bundle-codes.ts";
import { importPackBundle } from "../pack-bundle-import.ts";
import { registryFolder } from "../pack-registry.ts";
import { orRefused, refusedBy, type PlanRefusal } from "../plan-refusal.ts";
import { readExactly } from "../read-stretch.ts";
import type { Workplace } from "../workplace.ts";
import { writeAll } from "../write-all.ts";
import { unpackUpload } from "./unpack-upload.ts";
import { uploadCodes } from "./upload-codes.ts";
import { uploadFolder, uploadsFolder } from "./uploads.ts";

/** A pack that was taken: into the registry by its name, or as an upload by its digest. */
export type ReceivedPack = {
  readonly kind: "bundle" | "upload";
  readonly name: string;
  readonly version: string;
  readonly packDigest: Digest;
  /** False when this very pack was there already. */
  readonly isNew: boolean;
};

/** The first entry of every pack bundle. */
const BUNDLE_MARK = "oci-layout\0";

/**
 * Takes a pack for the workplace's tenant: a bundle that verifies, or the tar of a folder where the operator allows that.
 * What is in it is read in the planner's thread. Faults: REGISTRY_REFUSED, REGISTRY_STALE, UPLOAD_FOLDERS_OFF, UPLOAD_TAR,
 * PLANNER_*, STORE_FULL, STORE_UNAVAILABLE, those of `importPackBundle`, and findings. Throws what `bytes` throws.
 */
export async function receivePack(
  bytes: AsyncIterable<Uint8Array>,
  workplace: Workplace,
): Promise<Result<ReceivedPack, PlanRefusal>> {
  try {
    return await withImportDraft(uploadsFolder(workplace.settings), undefined, async (draft) =>
      receiveInto(draft, bytes, workplace),
    );
  } catch (error) {
    return refusedBy(mediumFault(error));
  }
}

async function receiveInto(
  draft: string,
  bytes: AsyncIterable<Uint8Array>,
  workplace: Workplace,
): Promise<Result<ReceivedPack, PlanRefusal>> {
  const path = join(draft, "upload.tar");
  await using archive = await open(path, "wx+", 0o600);
  for await (const chunk of bytes) {
    await writeAll(archive, chunk);
  }
  if (await isBundle(archive)) {
    const taken = await takeBundle(path, workplace);
    return taken.ok ? taken : refusedBy(taken.fault);
  }
  return workplace.settings.server?.allowFolders === true
    ? await takeFolder(archive, join(draft, "pack"), workplace)
    : refusedBy(faultOf(uploadCodes, "UPLOAD_FOLDERS_OFF"));
}

async function isBundle(archive: FileHandle): Promise<boolean> {
  const { size } = await archive.stat();
  const head = size < BLOCK ? new Uint8Array() : await readExactly(archive, new Uint8Array(BLOCK), 0);
  return Buffer.from(head.subarray(0, BUNDLE_MARK.length)).toString("latin1") === BUNDLE_MARK;
}

async function takeBundle(path: string, workplace: Workplace): Promise<Result<ReceivedPack>> {
  const { settings, sha256, verifySignature, clock, engine, planner } = workplace;
  const checkPack = async (bundle: string): Promise<Result<void>> => {
    const asked = await planner.ask(settings.tenantId, { kind: "bundle", path: bundle });
    return asked.ok ? asked.value : asked;
  };
  const order = { path, registry: registryFolder(settings), version: engine.version, checkPack };
  const imported = await importPackBundle(order, settings, { sha256, verifySignature, now: clock.now });
  if (!imported.ok) {
    return imported;
  }
  const { kept, found } = imported.value;
  if (kept !== undefined) {
    const { name, version, packDigest, isNew } = kept;
    return ok({ kind: "bundle", name, version, packDigest, isNew });
  }
  const { verdict, subject, checks } = found.verdict;
  const isStale = verdict === "stale";
  const check = checks.find(({ status }) => status === (isStale ? "stale" : "fail"));
  const problem = check !== undefined && "code" in check ? `${check.code}: ${check.why}` : "a check was not made";
  const pack = `${subject.name ?? "the pack"}@${subject.version ?? "?"}`;
  return fail(faultOf(packBundleUseCodes, isStale ? "REGISTRY_STALE" : "REGISTRY_REFUSED", { pack, problem }));
}

/** What lies under an id is whole, and what the id says: it is moved there when all of it was written and read. */
async function takeFolder(
  archive: FileHandle,
  folder: string,
  workplace: Workplace,
): Promise<Result<ReceivedPack, PlanRefusal>> {
  await mkdir(folder, { mode: 0o755 });
  const unpacked = await unpackUpload(archive, folder);
  if (!unpacked.ok) {
    return refusedBy(unpacked.fault);
  }
  const read = orRefused(await workplace.planner.ask(workplace.settings.tenantId, { kind: "pack", folder }));
  if (!read.ok) {
    return read;
  }
  const { name, version, packDigest } = read.value;
  const place = uploadFolder(packDigest, workplace.settings) ?? "";
  return ok({ kind: "upload", name, version, packDigest, isNew: await moveInto(folder, place) });
}

/** False when there is something in its place already: then that stands. */
async function moveInto(folder: string, place: string): Promise<boolean> {
  try {
    await rename(folder, place);
    return true;
  } catch (error) {
    if (systemCode(error) === "ENOTEMPTY" || systemCode(error) === "EEXIST") {
      return false;
    }
    throw error;
  }
}
