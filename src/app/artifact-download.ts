import { digestOfHex, type Digest } from "#canon/digest.ts";
import { ok, type Result } from "#fault/result.ts";
import type { FileEntry } from "#pack/pack-files.ts";
import { archiveOf, type EvidenceArchive } from "./export-evidence.ts";
import type { RunArtifact } from "./run-artifacts.ts";
import { readTreeArtifact } from "./tree-artifact.ts";
import type { Workplace } from "./workplace.ts";

/**
 * The bytes of a captured artifact: of a file as it was, of a directory a deterministic ustar of its files. Faults:
 * BUNDLE_ENTRY_UNSAFE; the bytes end in a `StoreError` where they are not what the digest says.
 */
export async function artifactDownload(
  { type, size = 0 }: RunArtifact,
  digest: Digest,
  { artifacts, settings }: Pick<Workplace, "artifacts" | "settings">,
): Promise<Result<EvidenceArchive>> {
  const open = (of: Digest): AsyncIterable<Uint8Array> => artifacts.open(settings.tenantId, of);
  if (type === "file") {
    return ok({ size, chunks: open(digest) });
  }
  const tree = await readTreeArtifact(open(digest));
  if (!tree.ok) {
    return tree;
  }
  const listing = tree.value.listing.filter((entry): entry is FileEntry => entry.mode !== "link");
  const digests = new Map(listing.map(({ path, sha256 }) => [path, digestOfHex(sha256)]));
  const source = {
    open: (path: string): AsyncIterable<Uint8Array> => open(digests.get(path) ?? digest),
  };
  return archiveOf(
    source,
    listing.map(({ path, size: each }) => ({ path, size: each })),
  );
}
