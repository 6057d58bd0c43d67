import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { hexOf, parseDigest } from "#canon/digest.ts";
import { mediumFault } from "#fault/medium-fault.ts";
import { StoreError } from "#fault/store-error.ts";
import { systemCode } from "#fault/system-problem.ts";
import { removeAbandonedDrafts } from "../import-draft.ts";
import type { Settings } from "../settings.ts";

const UPLOADS = "uploads";

/** The folder of packs that a tenant uploaded: `uploads/<tenant>/` of the state folder. */
export function uploadsFolder({ stateFolder, tenantId }: Pick<Settings, "stateFolder" | "tenantId">): string {
  return join(stateFolder, UPLOADS, tenantId);
}

/** Where the pack of an upload lies: its id is its pack digest. Undefined for what is no digest. */
export function uploadFolder(id: string, settings: Pick<Settings, "stateFolder" | "tenantId">): string | undefined {
  const digest = parseDigest(id);
  return digest === undefined ? undefined : join(uploadsFolder(settings), hexOf(digest));
}

/** Removes what processes that died have left of uploads, of all tenants; of how many uploads. Throws a `StoreError`. */
export async function sweepUploads({ stateFolder }: Pick<Settings, "stateFolder">): Promise<number> {
  const folder = join(stateFolder, UPLOADS);
  let removed = 0;
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      removed += entry.isDirectory() ? await removeAbandonedDrafts(join(folder, entry.name)) : 0;
    }
    return removed;
  } catch (error) {
    if (systemCode(error) === "ENOENT") {
      return removed;
    }
    throw new StoreError(mediumFault(error));
  }
}
