import { concatBytes } from "#canon/bytes.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { ok, type Result } from "#fault/result.ts";
import type { TreeListing } from "#pack/pack-files.ts";

/** The listing by which a directory is stored as an artifact, and its bytes. Throws what the store throws. */
export async function readTreeArtifact(
  chunks: AsyncIterable<Uint8Array>,
): Promise<Result<{ readonly listing: TreeListing; readonly size: number }>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    parts.push(chunk.slice());
  }
  const bytes = concatBytes(...parts);
  const read = readCanonicalJson(bytes, "tree listing");
  return read.ok ? ok({ listing: read.value as TreeListing, size: bytes.length }) : read;
}

/** Order in which artifacts are listed: bytes that are also a file of some tree keep the media type that was declared. */
export function declaredFirst(a: { readonly mediaType?: string }, b: { readonly mediaType?: string }): number {
  return Number(b.mediaType !== undefined) - Number(a.mediaType !== undefined);
}
