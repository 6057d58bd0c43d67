import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { packBundlePredicate, type PackBundleClaim } from "#attest/pack-bundle.ts";
import { readSidecar } from "#attest/read-sidecar.ts";
import { readStatement } from "#attest/read-statement.ts";
import { ChangedFile, type Piece } from "#bundle/assemble.ts";
import { INDEX_PATH, LAYOUT_PATH } from "#bundle/archive.ts";
import { DOCUMENT_LIMIT } from "#bundle/read-layout.ts";
import { concatBytes, equalBytes } from "#canon/bytes.ts";
import { digestOf, hexOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { misfitsOf } from "#canon/shape.ts";
import { readJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import {
  blobPath,
  contentOf,
  EMPTY_CONFIG,
  blobOf,
  indexBytes,
  kindOfReferrer,
  LAYOUT_BYTES,
  packManifest,
  packManifestShape,
  referrerManifest,
  REFERRER_KINDS,
  referrerManifestShape,
  type Blob,
  type Manifest,
  type ReferrerKind,
} from "#layout/oci.ts";
import type { PackContent } from "#layout/pack-content.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { readStretch } from "./read-stretch.ts";
import { writeArchive } from "./write-archive.ts";

export type LayoutOrder = {
  /** An OCI image layout that any tool wrote. */
  readonly folder: string;
  readonly out: string;
};

export type GatheredPackBundle = {
  readonly file: string;
  readonly size: number;
  readonly name: string;
  readonly version: string;
  readonly packDigest: Digest;
  readonly manifestDigest: Digest;
};

type Referrer = { readonly kind: ReferrerKind; readonly manifest: Manifest; readonly files: readonly Blob[] };
type Gathered = { readonly pack: PackContent; readonly manifest: Manifest; readonly referrers: readonly Referrer[] };

/** A layout that cannot become a pack bundle. */
class Unfit extends Error {}

/**
 * Makes a pack bundle again from a layout into which another tool copied it: the same bytes that the bundle had, as nothing but
 * the order of its manifests was lost. What the publisher's attestation does not list stays out. Nothing is verified but
 * digests. Faults: PACK_LAYOUT, USER_FILE_WRITE, PACK_BUNDLE_WRITE.
 */
export async function bundleFromLayout(
  { folder, out }: LayoutOrder,
  sha256: Sha256,
): Promise<Result<GatheredPackBundle>> {
  const unfit = (problem: string): Result<never> =>
    fail(faultOf(packBundleUseCodes, "PACK_LAYOUT", { path: folder, problem }));
  try {
    const gathered = await gather(folder, sha256);
    const written = await writeArchive(piecesOf(gathered, sha256), (hex) => readBlob(folder, hex), out);
    const { name, version, packDigest } = gathered.pack;
    const about = { name, version, packDigest, manifestDigest: gathered.manifest.digest };
    return written.ok ? ok({ file: out, size: written.value, ...about }) : written;
  } catch (error) {
    if (error instanceof ChangedFile) {
      return unfit(`the blob ${error.file} is not there, or is another one`);
    }
    return unfit(error instanceof Unfit ? error.message : systemProblem(error));
  }
}

async function gather(folder: string, sha256: Sha256): Promise<Gathered> {
  const packs: { readonly pack: PackContent; readonly manifest: Manifest }[] = [];
  const others: unknown[] = [];
  for (const digest of await manifestDigests(folder)) {
    const bytes = await readDocument(folder, digest);
    const read = readJson(bytes, blobPath(digest));
    if (digestOf(bytes, sha256) !== digest || !read.ok) {
      throw new Unfit(`${blobPath(digest)} is another one than its name says`);
    }
    if (misfitsOf(packManifestShape, read.value).length > 0) {
      others.push(read.value);
      continue;
    }
    const pack = contentOf(read.value as Parameters<typeof contentOf>[0], sha256);
    const manifest = packManifest(pack, sha256);
    if (equalBytes(manifest.bytes, bytes)) {
      packs.push({ pack, manifest });
    }
  }
  const [one, ...more] = packs;
  if (one === undefined || more.length > 0) {
    throw new Unfit(one === undefined ? "there is no pack in it" : `there are ${packs.length} packs in it`);
  }
  const referrers = others.flatMap((other) => referrerTo(one.manifest, other, sha256));
  return { ...one, referrers: await attested(folder, referrers) };
}

/** The manifests that the index names, each once. */
async function manifestDigests(folder: string): Promise<readonly Digest[]> {
  const read = readJson(await readSmall(join(folder, INDEX_PATH)), INDEX_PATH);
  const index = read.ok && isJsonObject(read.value) ? read.value : {};
  const { manifests } = index;
  if (!Array.isArray(manifests)) {
    throw new Unfit(`its ${INDEX_PATH} is no index of manifests`);
  }
  const named = (manifests as readonly unknown[]).map((each) => (isJsonObject(each) ? each["digest"] : undefined));
  return [...new Set(named)].filter(
    (each) => typeof each === "string" && /^sha256:[0-9a-f]{64}$/.test(each),
  ) as Digest[];
}

/** A manifest when it has the form of something that comes with this pack; others may lie in a layout and are no concern. */
function referrerTo(subject: Manifest, value: unknown, sha256: Sha256): readonly Referrer[] {
  if (misfitsOf(referrerManifestShape, value).length > 0) {
    return [];
  }
  const read = value as Parameters<typeof kindOfReferrer>[0];
  const kind = read.subject.digest === subject.digest ? kindOfReferrer(read) : undefined;
  const files = read.layers.map(({ digest, size }) => ({ digest, size }));
  return kind === undefined ? [] : [{ kind, files, manifest: referrerManifest(kind, subject, files, sha256) }];
}

/**
 * What one publisher's attestation lists, and that attestation. A pack that was published again has several: the latest of
 * which everything is there counts.
 */
async function attested(folder: string, all: readonly Referrer[]): Promise<readonly Referrer[]> {
  const byDigest = new Map(all.map((each) => [each.manifest.digest, each]));
  const whole: { readonly claim: PackBundleClaim; readonly listed: readonly Referrer[] }[] = [];
  for (const publisher of all.filter(({ kind }) => kind === "publisher")) {
    const claim = await claimIn(folder, publisher);
    const listed = claim?.referrers.flatMap(({ digest }) => byDigest.get(digest) ?? []) ?? [];
    if (claim !== undefined && listed.length === claim.referrers.length) {
      whole.push({ claim, listed: [...listed, publisher] });
    }
  }
  const latest = whole.toSorted((a, b) => (a.claim.createdAt < b.claim.createdAt ? -1 : 1)).at(-1);
  if (latest === undefined) {
    throw new Unfit("no attestation of a publisher is in it together with everything that it lists");
  }
  return REFERRER_KINDS.flatMap((kind) => latest.listed.filter((each) => each.kind === kind));
}

async function claimIn(folder: string, { files: [file] }: Referrer): Promise<PackBundleClaim | undefined> {
  const bytes = file === undefined ? undefined : await readDocument(folder, file.digest);
  const envelope = bytes === undefined ? undefined : readSidecar(bytes, "own");
  const statement = envelope?.ok === true ? readStatement(envelope.value.payload, packBundlePredicate) : undefined;
  return statement?.ok === true ? statement.value.predicate : undefined;
}

function piecesOf({ pack, manifest, referrers }: Gathered, sha256: Sha256): readonly Piece[] {
  const config = blobOf(EMPTY_CONFIG, sha256);
  const manifests = [manifest, ...referrers.map((each) => each.manifest)];
  const files = [
    ...pack.listing.map(({ sha256: hex, size }) => ({ hex, size })),
    ...referrers.flatMap((each) => each.files.map(({ digest, size }) => ({ hex: hexOf(digest), size }))),
  ];
  const blobs = new Map<string, Piece>([
    ...files.map(({ hex, size }): [string, Piece] => {
      const path = `blobs/sha256/${hex}`;
      return [path, { path, size, file: hex, sha256: hex }];
    }),
    ...manifests.map(({ digest, bytes }): [string, Piece] => {
      const path = blobPath(digest);
      return [path, { path, size: bytes.length, bytes }];
    }),
    [blobPath(config.digest), { path: blobPath(config.digest), size: config.size, bytes: EMPTY_CONFIG }],
  ]);
  const index = indexBytes(manifests);
  return [
    { path: LAYOUT_PATH, size: LAYOUT_BYTES.length, bytes: LAYOUT_BYTES },
    { path: INDEX_PATH, size: index.length, bytes: index },
    ...[...blobs.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  ];
}

function readDocument(folder: string, digest: Digest): Promise<Uint8Array> {
  return readSmall(join(folder, blobPath(digest)));
}

/** A document, whole; `Unfit` for one that is none. */
async function readSmall(path: string): Promise<Uint8Array> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const about = await handle.stat();
  if (!about.isFile() || about.size > DOCUMENT_LIMIT) {
    throw new Unfit(`${path} is no file of at most ${DOCUMENT_LIMIT} bytes`);
  }
  const parts: Uint8Array[] = [];
  for await (const part of readStretch(handle, 0, about.size)) {
    parts.push(part.slice());
  }
  return concatBytes(...parts);
}

/** The bytes of a blob, held to its digest by whoever writes them. */
async function* readBlob(folder: string, hex: string): AsyncGenerator<Uint8Array> {
  const path = join(folder, "blobs/sha256", hex);
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined);
  if (handle === undefined) {
    throw new ChangedFile(hex);
  }
  try {
    const about = await handle.stat();
    if (!about.isFile()) {
      throw new ChangedFile(hex);
    }
    yield* readStretch(handle, 0, about.size);
  } finally {
    await handle.close();
  }
}
