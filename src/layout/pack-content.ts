import type { Digest } from "#canon/digest.ts";
import type { FileEntry } from "#pack/pack-files.ts";

/** One version of a pack by what is in it; `listing` is sorted by path bytes, and `packDigest` taken over it. */
export type PackContent = {
  readonly name: string;
  readonly version: string;
  readonly packDigest: Digest;
  readonly listing: readonly FileEntry[];
};
