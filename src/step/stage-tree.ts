import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { ok, type Result } from "#fault/result.ts";
import type { TreeListing } from "#pack/pack-files.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { readListing } from "./read-listing.ts";

/** Puts one file at a path outside the store. */
export type StageFile = (digest: Digest, path: string, executable: boolean) => Promise<Result<unknown>>;

/** Puts a stored tree at `root`, which must not exist: its files by `stageFile`, its links as they are. */
export async function stageTree(
  artifacts: ArtifactStore,
  tenantId: TenantId,
  digest: Digest,
  root: string,
  stageFile: StageFile = (file, path, executable) => artifacts.stage(tenantId, file, path, executable),
): Promise<Result<void>> {
  const listing = await readListing(artifacts.open(tenantId, digest), root);
  return listing.ok ? stageEntries(listing.value, root, stageFile) : listing;
}

async function stageEntries(listing: TreeListing, root: string, stageFile: StageFile): Promise<Result<void>> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  for (const entry of listing) {
    const path = join(root, entry.path);
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    if (entry.mode === "link") {
      await symlink(entry.target, path);
      continue;
    }
    const staged = await stageFile(digestOfHex(entry.sha256), path, entry.mode === "755");
    if (!staged.ok) {
      return staged;
    }
  }
  return ok(undefined);
}
