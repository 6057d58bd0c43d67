import type { Result } from "#fault/result.ts";
import type { FileEntry, TreeListing } from "#pack/pack-files.ts";

/** A tree on this machine: what is in it by content, and where its bytes can be read. */
export type FolderReading<L extends TreeListing = TreeListing> = { readonly root: string; readonly listing: L };

/**
 * Reads trees from the file system without ever following a link out of them.
 * 1. A listing is sorted by path bytes and complete, or the answer is a fault: PACK_FILE_UNSAFE, INPUT_FILE.
 * 2. Nothing but regular files (and, outside packs, relative links that stay inside) is accepted.
 * 3. Files are hashed as streams.
 */
export type FolderReader = {
  /** Every file of a pack folder minus `.git/` and `.packrun/`. */
  readonly readPack: (root: string) => Promise<Result<FolderReading<readonly FileEntry[]>>>;
  readonly readTree: (root: string) => Promise<Result<FolderReading>>;
  readonly readFile: (path: string) => Promise<Result<{ readonly size: number; readonly sha256: string }>>;
};
