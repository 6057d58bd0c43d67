import type { PackBundleClaim } from "#attest/pack-bundle.ts";
import type { Digest, Sha256 } from "#canon/digest.ts";
import { BLOCK, paddingOf, ustarHeader } from "#evidence/ustar.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { INDEX_PATH, LAYOUT_PATH, MAX_PACK_FILES } from "./archive.ts";
import { archiveCodes } from "./archive-codes.ts";
import {
  blobOf,
  blobPath,
  EMPTY_CONFIG,
  indexBytes,
  LAYOUT_BYTES,
  referrerManifest,
  REFERRER_KINDS,
  type Manifest,
  type ReferrerKind,
} from "#layout/oci.ts";
import type { PackContent } from "#layout/pack-content.ts";
import { PathTwins, pathProblem } from "./path-problem.ts";

/** The files of what comes with a pack, by its kind. */
export type ReferrerFiles = Readonly<Partial<Record<ReferrerKind, readonly Uint8Array[]>>>;

/** One entry of the archive; what has no bytes is a file of the pack. */
export type Piece =
  | { readonly path: string; readonly size: number; readonly bytes: Uint8Array }
  | { readonly path: string; readonly size: number; readonly file: string; readonly sha256: string };

/** The largest file that ustar can name. */
const MAX_FILE_SIZE = 8 * 1024 ** 3 - 1;

/** Whether every system can hold the files of a pack. Faults: PACK_BUNDLE_PATH_*, PACK_BUNDLE_TOO_MANY, PACK_BUNDLE_TOO_LARGE. */
export function checkContent({ listing }: PackContent): Result<void> {
  if (listing.length > MAX_PACK_FILES) {
    return fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_MANY", { limit: MAX_PACK_FILES }));
  }
  const twins = new PathTwins();
  for (const { path, size } of listing) {
    const problem = pathProblem(path) ?? twins.add(path);
    if (problem !== undefined) {
      return fail(faultOf(archiveCodes, problem, { path: path.replaceAll(/\p{Cc}/gu, "?") }));
    }
    if (size > MAX_FILE_SIZE) {
      return fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_LARGE", { what: path, size, limit: MAX_FILE_SIZE }));
    }
  }
  return ok(undefined);
}

/** The manifests of what comes with a pack, in the order of the index. */
export function referrersOf(files: ReferrerFiles, subject: Manifest, sha256: Sha256): readonly Manifest[] {
  return REFERRER_KINDS.flatMap((kind) => {
    const parts = files[kind];
    const blobs = parts?.map((bytes) => blobOf(bytes, sha256));
    return blobs === undefined ? [] : [referrerManifest(kind, subject, blobs, sha256)];
  });
}

/** What the publisher says of everything else in the bundle. */
export function claimOf(
  pack: PackContent,
  given: Pick<PackBundleClaim, "trustDomain" | "createdAt"> & { readonly planHash?: Digest },
  referrers: readonly Manifest[],
): PackBundleClaim {
  const { name, version, packDigest } = pack;
  const { trustDomain, createdAt, planHash } = given;
  return {
    name,
    version,
    packDigest,
    trustDomain,
    ...(planHash === undefined ? {} : { plan: { hash: planHash, canonicalPlanPath: blobPath(planHash) } }),
    referrers: referrers.map(({ digest, artifactType }) => ({ digest, artifactType })),
    createdAt,
  };
}

/** Every entry of the archive, in its order. Blobs of the same bytes are one. */
export function piecesOf(
  pack: PackContent,
  manifest: Manifest,
  files: ReferrerFiles,
  sha256: Sha256,
): readonly Piece[] {
  const referrers = referrersOf(files, manifest, sha256);
  const blobs = new Map<string, Piece>();
  for (const { path: file, size, sha256: hex } of pack.listing) {
    const path = `blobs/sha256/${hex}`;
    blobs.set(path, { path, size, file, sha256: hex });
  }
  const documents = [EMPTY_CONFIG, manifest.bytes, ...referrers.map(({ bytes }) => bytes)];
  for (const bytes of [...documents, ...Object.values(files).flat()]) {
    const path = blobPath(blobOf(bytes, sha256).digest);
    blobs.set(path, { path, size: bytes.length, bytes });
  }
  const index = indexBytes([manifest, ...referrers]);
  return [
    { path: LAYOUT_PATH, size: LAYOUT_BYTES.length, bytes: LAYOUT_BYTES },
    { path: INDEX_PATH, size: index.length, bytes: index },
    ...[...blobs.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  ];
}

/**
 * The bytes of the archive, in constant memory. `open` gives the bytes of a file of the pack. Throws when a file does not
 * have the size and digest that the pieces name: then nothing of the archive may be kept.
 */
export async function* archiveBytes(
  pieces: readonly Piece[],
  open: (file: string) => AsyncIterable<Uint8Array>,
  startHash: () => { readonly update: (bytes: Uint8Array) => void; readonly digest: () => string },
): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    const header = ustarHeader(piece);
    if (header === undefined) {
      throw new Error(`${piece.path} does not fit into an archive`);
    }
    yield header;
    if ("bytes" in piece) {
      yield piece.bytes;
    } else {
      const hash = startHash();
      let size = 0;
      for await (const chunk of open(piece.file)) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
      if (size !== piece.size || hash.digest() !== piece.sha256) {
        throw new ChangedFile(piece.file);
      }
    }
    yield new Uint8Array(paddingOf(piece.size));
  }
  yield new Uint8Array(2 * BLOCK);
}

/** A file of the pack is no longer the one that was listed. */
export class ChangedFile extends Error {
  readonly file: string;

  constructor(file: string) {
    super(`${file} changed while it was read`);
    this.file = file;
  }
}
