import { equalBytes, toHex } from "#canon/bytes.ts";
import { digestOf, digestOfHex, hexOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { describeMisfit, misfitsOf, type Shape } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { BundleFile, BundleSource, StreamHash } from "#verify/bundle-source.ts";
import { INDEX_PATH, LAYOUT_PATH } from "./archive.ts";
import { archiveCodes } from "./archive-codes.ts";
import { checkContent } from "./assemble.ts";
import { packBundleCodes } from "./codes.ts";
import {
  ATTACHMENT_KINDS,
  blobPath,
  contentOf,
  filesOfKind,
  EMPTY_CONFIG,
  indexBytes,
  indexShape,
  kindOfReferrer,
  LAYOUT_BYTES,
  packManifest,
  packManifestShape,
  referrerManifest,
  referrerManifestShape,
  REFERRER_KINDS,
  type Blob,
  type IndexDescriptor,
  type Manifest,
  type ReferrerKind,
} from "#layout/oci.ts";
import type { PackContent } from "#layout/pack-content.ts";

/** Something that came with the pack: its manifest, and the blobs of its files. */
type Referrer = { readonly manifest: Manifest; readonly files: readonly Blob[] };

/** A pack bundle whose archive and manifests keep their form. Nothing in it is trusted yet. */
export type BundleLayout = {
  readonly pack: PackContent;
  readonly manifest: Manifest;
  readonly referrers: ReadonlyMap<ReferrerKind, Referrer>;
  readonly entries: ReadonlyMap<string, BundleFile>;
};

/** Documents are read whole. Bytes. */
export const DOCUMENT_LIMIT: number = 32 * 1024 * 1024;

/**
 * Reads the list of entries, index and manifests. What they say is made again from what was understood, and must be the same bytes:
 * so nothing is overlooked. Every blob is listed and every listed blob is there, with its size; digests of documents are
 * checked when they are read, those of the pack's files by `checkBlobs`. Faults: those of the source, PACK_BUNDLE_DOCUMENT,
 * PACK_BUNDLE_BLOB_*. Throws when the source does.
 */
export async function readLayout(source: BundleSource, sha256: Sha256): Promise<Result<BundleLayout>> {
  const files = await source.list();
  if (!files.ok) {
    return files;
  }
  const entries = new Map(files.value.map((entry) => [entry.path, entry]));
  const layout = await readFixed(source, entries, LAYOUT_PATH);
  if (!layout.ok || !equalBytes(layout.value, LAYOUT_BYTES)) {
    return layout.ok ? refused(LAYOUT_PATH, "it is no layout of version 1.0.0") : layout;
  }
  const index = await readFixed(source, entries, INDEX_PATH);
  const read = index.ok ? shaped(index.value, indexShape, INDEX_PATH) : index;
  if (!read.ok) {
    return read;
  }
  const [first, ...others] = read.value.manifests;
  const pack = await readPackManifest(source, entries, first, sha256);
  if (!pack.ok) {
    return pack;
  }
  const referrers = await readReferrers(source, entries, others, pack.value.manifest, sha256);
  if (!referrers.ok) {
    return referrers;
  }
  const manifests = [pack.value.manifest, ...[...referrers.value.values()].map(({ manifest }) => manifest)];
  if (!index.ok || !equalBytes(indexBytes(manifests), index.value)) {
    return refused(INDEX_PATH, "it does not say of its manifests what they say of themselves");
  }
  const found = { ...pack.value, referrers: referrers.value, entries };
  const listed = checkListed(found, sha256);
  return listed.ok ? ok(found) : listed;
}

/** The bytes of a blob that a manifest lists. Faults: PACK_BUNDLE_TOO_LARGE, PACK_BUNDLE_BLOB_*. */
export async function readDocument(
  source: BundleSource,
  entries: ReadonlyMap<string, BundleFile>,
  blob: Blob,
  sha256: Sha256,
): Promise<Result<Uint8Array>> {
  const path = blobPath(blob.digest);
  const placed = checkPlaced(entries, blob);
  if (!placed.ok) {
    return placed;
  }
  const bytes = await readFixed(source, entries, path);
  if (!bytes.ok) {
    return bytes;
  }
  return digestOf(bytes.value, sha256) === blob.digest
    ? bytes
    : fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_DIGEST", { path }));
}

/** The bytes of a blob that was found, in chunks. */
export function openBlob(source: BundleSource, digest: Digest): AsyncIterable<Uint8Array> {
  return source.open(blobPath(digest));
}

/**
 * Streams what no check reads as a document, once, and holds it to its digest: the empty configuration, every file of the pack,
 * and what is attached. Fault: PACK_BUNDLE_BLOB_DIGEST.
 */
export async function checkBlobs(
  source: BundleSource,
  { pack, referrers }: Pick<BundleLayout, "pack" | "referrers">,
  { sha256, startHash }: { readonly sha256: Sha256; readonly startHash: () => StreamHash },
): Promise<Result<void>> {
  const attached = ATTACHMENT_KINDS.flatMap((kind) => referrers.get(kind)?.files ?? []);
  const files = pack.listing.map(({ sha256: hex }) => hex);
  const named = [hexOf(digestOf(EMPTY_CONFIG, sha256)), ...files, ...attached.map(({ digest }) => hexOf(digest))];
  for (const hex of new Set(named)) {
    const digest = digestOfHex(hex);
    const hash = startHash();
    for await (const chunk of openBlob(source, digest)) {
      hash.update(chunk);
    }
    if (toHex(hash.digest()) !== hex) {
      return fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_DIGEST", { path: blobPath(digest) }));
    }
  }
  return ok(undefined);
}

async function readPackManifest(
  source: BundleSource,
  entries: ReadonlyMap<string, BundleFile>,
  descriptor: IndexDescriptor | undefined,
  sha256: Sha256,
): Promise<Result<{ readonly pack: PackContent; readonly manifest: Manifest }>> {
  if (descriptor === undefined) {
    return refused(INDEX_PATH, "it lists no pack");
  }
  const path = blobPath(descriptor.digest);
  const bytes = await readDocument(source, entries, descriptor, sha256);
  const read = bytes.ok ? shaped(bytes.value, packManifestShape, path) : bytes;
  if (!bytes.ok || !read.ok) {
    return read.ok ? refused(path, "it cannot be read") : read;
  }
  const pack = contentOf(read.value, sha256);
  const content = checkContent(pack);
  if (!content.ok) {
    return content;
  }
  if (pack.listing.some((file, at) => at > 0 && compareUtf8(pack.listing[at - 1]?.path ?? "", file.path) >= 0)) {
    return refused(path, "its files are not sorted, or one comes twice");
  }
  const manifest = packManifest(pack, sha256);
  return equalBytes(manifest.bytes, bytes.value)
    ? ok({ pack, manifest })
    : refused(path, "its pack digest is not that of its files, or its configuration is not empty");
}

async function readReferrers(
  source: BundleSource,
  entries: ReadonlyMap<string, BundleFile>,
  descriptors: readonly IndexDescriptor[],
  subject: Manifest,
  sha256: Sha256,
): Promise<Result<ReadonlyMap<ReferrerKind, Referrer>>> {
  const found = new Map<ReferrerKind, Referrer>();
  let before = -1;
  for (const descriptor of descriptors) {
    const path = blobPath(descriptor.digest);
    const bytes = await readDocument(source, entries, descriptor, sha256);
    const read = bytes.ok ? shaped(bytes.value, referrerManifestShape, path) : bytes;
    if (!bytes.ok || !read.ok) {
      return read.ok ? refused(path, "it cannot be read") : read;
    }
    const kind = kindOfReferrer(read.value);
    const place = kind === undefined ? -1 : REFERRER_KINDS.indexOf(kind);
    if (kind === undefined) {
      const type = read.value.artifactType.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 120);
      return fail(faultOf(packBundleCodes, "PACK_ATTACHMENT_UNKNOWN", { path, type }));
    }
    if (place <= before) {
      return refused(path, `its kind ${kind} is out of place`);
    }
    before = place;
    const files = read.value.layers.map(({ digest, size }) => ({ digest, size }));
    if (files.length !== filesOfKind(kind)) {
      return refused(path, `what is of kind ${kind} has another number of files`);
    }
    const manifest = referrerManifest(kind, subject, files, sha256);
    if (!equalBytes(manifest.bytes, bytes.value)) {
      return refused(path, "it refers to another pack, or its files are named otherwise");
    }
    found.set(kind, { manifest, files });
  }
  return ok(found);
}

/** Every blob of the archive is listed, and everything listed is there with its size. */
function checkListed({ pack, manifest, referrers, entries }: BundleLayout, sha256: Sha256): Result<void> {
  const listed: Blob[] = [
    { digest: digestOf(EMPTY_CONFIG, sha256), size: EMPTY_CONFIG.length },
    manifest,
    ...pack.listing.map(({ sha256: hex, size }) => ({ digest: digestOfHex(hex), size })),
    ...[...referrers.values()].flatMap((referrer) => [referrer.manifest, ...referrer.files]),
  ];
  const paths = new Set([LAYOUT_PATH, INDEX_PATH]);
  for (const blob of listed) {
    const placed = checkPlaced(entries, blob);
    if (!placed.ok) {
      return placed;
    }
    paths.add(blobPath(blob.digest));
  }
  const unlisted = [...entries.keys()].find((path) => !paths.has(path));
  return unlisted === undefined
    ? ok(undefined)
    : fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_UNLISTED", { path: unlisted }));
}

function checkPlaced(entries: ReadonlyMap<string, BundleFile>, { digest, size }: Blob): Result<void> {
  const path = blobPath(digest);
  const entry = entries.get(path);
  if (entry === undefined) {
    return fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_MISSING", { path }));
  }
  return entry.size === size
    ? ok(undefined)
    : fail(faultOf(packBundleCodes, "PACK_BUNDLE_BLOB_SIZE", { path, found: entry.size, expected: size }));
}

async function readFixed(
  source: BundleSource,
  entries: ReadonlyMap<string, BundleFile>,
  path: string,
): Promise<Result<Uint8Array>> {
  const entry = entries.get(path);
  if (entry === undefined) {
    return refused(path, "it is not there");
  }
  const { size } = entry;
  return size > DOCUMENT_LIMIT
    ? fail(faultOf(archiveCodes, "PACK_BUNDLE_TOO_LARGE", { what: path, size, limit: DOCUMENT_LIMIT }))
    : ok(await readWhole(source, path, size));
}

/** A whole file of a size that is bounded. Throws when it has become another one. */
async function readWhole(source: BundleSource, path: string, size: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let done = 0;
  for await (const chunk of source.open(path)) {
    bytes.set(chunk, done);
    done += chunk.length;
  }
  if (done !== size) {
    throw new Error("a file became shorter while it was read");
  }
  return bytes;
}

function shaped<T>(bytes: Uint8Array, shape: Shape<T>, path: string): Result<T> {
  const read = readCanonicalJson(bytes, path);
  if (!read.ok) {
    return refused(path, "it is not canonical JSON");
  }
  const [misfit] = misfitsOf(shape, read.value);
  return misfit === undefined ? ok(read.value as T) : refused(path, describeMisfit(misfit));
}

function refused(path: string, problem: string): Result<never> {
  return fail(faultOf(packBundleCodes, "PACK_BUNDLE_DOCUMENT", { path, problem }));
}
