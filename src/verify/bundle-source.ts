import type { Result } from "#fault/result.ts";

/**
 * The most files that are looked at, in a folder with the folders among them. A manifest is read up to 64 MiB, and no such
 * one lists as many: whatever has more fails anyhow, and shall cost neither time nor memory.
 */
export const MAX_BUNDLE_FILES = 400_000;

export type BundleFile = { readonly path: string; readonly size: number };

/**
 * Where the bytes of a bundle come from: a folder, a tar, an upload.
 * 1. `list` names every regular file with its size; whatever else there is, or cannot be read, is a fault.
 * 2. `open` gives the bytes of a listed file, in chunks; it may be called again for the same file. It throws when the
 *    file cannot be read.
 */
export type BundleSource = {
  readonly list: () => Promise<Result<readonly BundleFile[]>>;
  readonly open: (path: string) => AsyncIterable<Uint8Array>;
};

/** A SHA-256 that takes its input in pieces. `digest` ends it and gives 32 bytes. */
export type StreamHash = {
  readonly update: (bytes: Uint8Array) => void;
  readonly digest: () => Uint8Array;
};
