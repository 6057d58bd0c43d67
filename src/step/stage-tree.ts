import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestOfHex, type Digest } from "#canon/digest.ts";
import type { TenantId } from "#canon/ids.ts";
import { ok, type Result } from "#fault/result.ts";
import type { TreeListing } from "#pack/pack-files.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import { readListing } from "./read-listing.ts";

/** Puts one file at a path outside the store. */
type StageFile = (digest: Digest, path: string, executable: boolean) => Promise<Result<unknown>>;

/** How a tree is laid out: each folder is made before what is in it. */
export type TreeMaker = { readonly folder: (path: string) => Promise<unknown>; readonly file: StageFile };

/** Where staged artifacts come from. */
export type StagedArtifacts = Pick<ArtifactStore, "open" | "stage">;

/** Puts a stored tree at `root`, which must not exist: folders and files by `maker`, links as they are. */
export async function stageTree(
  artifacts: StagedArtifacts,
  tenantId: TenantId,
  digest: Digest,
  root: string,
  maker: TreeMaker = {
    folder: (path) => mkdir(path, { recursive: true }),
    file: (file, path, executable) => artifacts.stage(tenantId, file, path, executable),
  },
): Promise<Result<void>> {
  const listing = await readListing(artifacts.open(tenantId, digest), root);
  return listing.ok ? stageEntries(listing.value, root, maker) : listing;
}

async function stageEntries(listing: TreeListing, root: string, maker: TreeMaker): Promise<Result<void>> {
  await maker.folder(root);
  for (const entry of listing) {
    const path = join(root, entry.path);
    await maker.folder(dirname(path));
    if (entry.mode === "link") {
      await symlink(entry.target, path);
      continue;
    }
    const staged = await maker.file(digestOfHex(entry.sha256), path, entry.mode === "755");
    if (!staged.ok) {
      return staged;
    }
  }
  return ok(undefined);
}
