import { digestOfHex, hexOf, type Digest } from "#canon/digest.ts";
import { artifactPath } from "#evidence/evidence-path.ts";
import { treesOf } from "#evidence/run-facts.ts";
import { ok, type Result } from "#fault/result.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { BundleWriter } from "./bundle-writer.ts";
import type { SealedLedger } from "./seal-ledger.ts";
import { declaredFirst, readTreeArtifact } from "./tree-artifact.ts";

/**
 * Copies every artifact that the ledger names, and the files of the trees among them. The store checks bytes while they
 * are read. Copies, not links: what happens to the store later does not reach a sealed bundle. Gives the size of each
 * tree, that of all its files together.
 */
export async function sealArtifacts(
  { tenantId }: RunIdentity,
  { facts, state }: SealedLedger,
  { artifacts }: { readonly artifacts: ArtifactStore },
  writer: BundleWriter,
): Promise<Result<ReadonlyMap<Digest, number>>> {
  const sizes = new Map<Digest, number>();
  const trees = treesOf(facts, state.plan);
  const copy = async (digest: Digest, mediaType?: string): Promise<void> => {
    const path = artifactPath(hexOf(digest));
    if (!writer.has(path)) {
      await writer.stream(path, artifacts.open(tenantId, digest), mediaType === undefined ? {} : { mediaType });
    }
  };
  for (const { digest, mediaType } of facts.artifacts.toSorted(declaredFirst)) {
    await copy(digest, mediaType);
  }
  for (const { digest } of facts.artifacts) {
    if (trees.has(digest)) {
      const tree = await readTreeArtifact(artifacts.open(tenantId, digest));
      if (!tree.ok) {
        return tree;
      }
      let size = 0;
      for (const entry of tree.value.listing) {
        if (entry.mode !== "link") {
          await copy(digestOfHex(entry.sha256));
          size += entry.size;
        }
      }
      sizes.set(digest, size);
    }
  }
  return ok(sizes);
}
