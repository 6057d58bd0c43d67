import { digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { compareUtf8 } from "#canon/utf8.ts";

/** The name of a pack's own file in its folder. */
export const PACK_FILE = "pack.yaml";
/** The largest that is read. Bytes. */
export const MAX_PACK_FILE: number = 8 * 1024 * 1024;

/** One file of a pack, of a directory input or of a directory output. Paths are relative, with `/`. */
export type FileEntry = {
  readonly path: string;
  /** `755` when the owner may execute it. */
  readonly mode: "644" | "755";
  readonly size: number;
  /** Bare lower-case hex. */
  readonly sha256: string;
};

/** A relative symbolic link that stays inside its tree. Packs have none. */
export type LinkEntry = { readonly path: string; readonly mode: "link"; readonly target: string };

/** A tree by content, sorted by the bytes of its paths: what a pack digest or a tree digest is taken over. */
export type TreeListing = readonly (FileEntry | LinkEntry)[];

export function sortTree(entries: TreeListing): TreeListing {
  return entries.toSorted((a, b) => compareUtf8(a.path, b.path));
}

/** SHA-256 of the listing's canonical JSON: the pack digest of a pack, the tree digest of a directory. */
export function treeDigest(listing: TreeListing, sha256: Sha256): Digest {
  return digestOfJson(listing, sha256);
}
