import { join } from "node:path";
import { hexOf, parseDigest } from "#canon/digest.ts";
import type { Settings } from "../settings.ts";

/** The folder of packs that a tenant uploaded: `uploads/<tenant>/` of the state folder. */
export function uploadsFolder({ stateFolder, tenantId }: Pick<Settings, "stateFolder" | "tenantId">): string {
  return join(stateFolder, "uploads", tenantId);
}

/** Where the pack of an upload lies: its id is its pack digest. Undefined for what is no digest. */
export function uploadFolder(id: string, settings: Pick<Settings, "stateFolder" | "tenantId">): string | undefined {
  const digest = parseDigest(id);
  return digest === undefined ? undefined : join(uploadsFolder(settings), hexOf(digest));
}
