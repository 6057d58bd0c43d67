import { canonicalBytes } from "#canon/canonical-json.ts";
import { digestOf, digestOfHex, hexOf, type Digest, type Sha256 } from "#canon/digest.ts";
import { array, digest, integer, literal, object, string, type Infer } from "#canon/shape.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { BUNDLE_MEDIA_TYPE } from "#attest/sidecar.ts";
import { packBundlePredicate } from "#attest/pack-bundle.ts";
import { PACK_NAME, SEM_VER } from "#pack/names.ts";
import { treeDigest } from "#pack/pack-files.ts";
import type { PackContent } from "./pack-content.ts";
import { sbomPredicate } from "./pack-sbom.ts";

/** OCI Image Format Specification 1.1, "Image Manifest" and "Image Layout"; referrers as in the Distribution Specification. */
const IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const IMAGE_INDEX = "application/vnd.oci.image.index.v1+json";
const PACK_ARTIFACT = "application/vnd.packrun.pack.v1+json";
const PACK_FILE_MEDIA_TYPE = "application/vnd.packrun.pack.file.v1";
const EMPTY_MEDIA_TYPE = "application/vnd.oci.empty.v1+json";
const TITLE = "org.opencontainers.image.title";
const MODE = "dev.packrun.file.mode";
const VERSION = "org.opencontainers.image.version";
/** By this name tools choose one manifest of a layout: the version for the pack, with its kind for what came with it. */
const REF_NAME = "org.opencontainers.image.ref.name";
const NAME = "dev.packrun.pack.name";
const PACK_DIGEST = "dev.packrun.pack.digest";
const CONTENT = "dev.sigstore.bundle.content";
const PREDICATE_TYPE = "dev.sigstore.bundle.predicateType";

export const LAYOUT_BYTES: Uint8Array = canonicalBytes({ imageLayoutVersion: "1.0.0" });
/** What stands for a configuration that an artifact does not have: `{}`. */
export const EMPTY_CONFIG: Uint8Array = encodeUtf8("{}");

/** What comes with a pack, in the order of the index. */
export const REFERRER_KINDS = [
  "sbom",
  "sbom-attestation",
  "spdx",
  "spdx3",
  "revocations",
  "plan",
  "inputs-lock",
  "publisher",
] as const;
export type ReferrerKind = (typeof REFERRER_KINDS)[number];

/** Documents of others: carried, listed and hashed, but not judged. */
export const ATTACHMENT_KINDS = ["spdx", "spdx3"] as const satisfies readonly ReferrerKind[];
export type AttachmentKind = (typeof ATTACHMENT_KINDS)[number];

type ReferrerForm = {
  readonly artifactType: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Its files, in their order. */
  readonly files: readonly { readonly title: string; readonly mediaType: string }[];
};

function attestationForm(title: string, predicateType: string): ReferrerForm {
  return {
    artifactType: BUNDLE_MEDIA_TYPE,
    annotations: { [CONTENT]: "dsse-envelope", [PREDICATE_TYPE]: predicateType },
    files: [{ title, mediaType: BUNDLE_MEDIA_TYPE }],
  };
}

const CYCLONEDX = "application/vnd.cyclonedx+json";
/** Both are registered by IANA; the second names another data model, not a newer version of the first. */
const SPDX = "application/spdx+json";
const SPDX3 = "application/spdx3+json";
const REVOCATIONS = "application/vnd.packrun.revocations.v1+json";
const PLAN = "application/vnd.packrun.plan.v1+json";
const INPUTS_LOCK = "application/vnd.packrun.inputs-lock.v1+json";

const REFERRER_FORMS: Readonly<Record<ReferrerKind, ReferrerForm>> = {
  sbom: { artifactType: CYCLONEDX, files: [{ title: "pack.sbom.cdx.json", mediaType: CYCLONEDX }] },
  "sbom-attestation": attestationForm("pack.sbom.cdx.json.sigstore.json", sbomPredicate.type),
  spdx: { artifactType: SPDX, files: [{ title: "pack.spdx.json", mediaType: SPDX }] },
  spdx3: { artifactType: SPDX3, files: [{ title: "pack.spdx3.json", mediaType: SPDX3 }] },
  revocations: {
    artifactType: REVOCATIONS,
    files: [
      { title: "revocations.json", mediaType: REVOCATIONS },
      { title: "revocations.json.sigstore.json", mediaType: BUNDLE_MEDIA_TYPE },
    ],
  },
  plan: { artifactType: PLAN, files: [{ title: "plan.canonical.json", mediaType: PLAN }] },
  "inputs-lock": { artifactType: INPUTS_LOCK, files: [{ title: "inputs.lock", mediaType: INPUTS_LOCK }] },
  publisher: attestationForm("pack.attestation.sigstore.json", packBundlePredicate.type),
};

const text = string({ min: 1 });
const size = integer({ min: 0 });
const emptyConfigShape = object({ mediaType: literal(EMPTY_MEDIA_TYPE), digest: digest(), size: literal(2) });
const packAnnotationsShape = object({
  [NAME]: string({ pattern: PACK_NAME, expected: "the name of a pack" }),
  [PACK_DIGEST]: digest(),
  [VERSION]: string({ pattern: SEM_VER, expected: "a semantic version" }),
});

/** The image manifest of a pack: one layer for each of its files, sorted by path bytes. */
export const packManifestShape = object({
  schemaVersion: literal(2),
  mediaType: literal(IMAGE_MANIFEST),
  artifactType: literal(PACK_ARTIFACT),
  config: emptyConfigShape,
  layers: array(
    object({
      mediaType: literal(PACK_FILE_MEDIA_TYPE),
      digest: digest(),
      size,
      annotations: object({ [MODE]: literal("644", "755"), [TITLE]: text }),
    }),
    { min: 1 },
  ),
  annotations: packAnnotationsShape,
});

const referrerDescriptor = object({
  mediaType: literal(IMAGE_MANIFEST),
  digest: digest(),
  size,
  artifactType: text,
  annotations: object({ [REF_NAME]: text }),
});
export const indexShape = object({
  schemaVersion: literal(2),
  mediaType: literal(IMAGE_INDEX),
  manifests: array(referrerDescriptor, { min: 1, max: 1 + REFERRER_KINDS.length }),
});
export type IndexDescriptor = Infer<typeof referrerDescriptor>;

/** The manifest of one thing that refers to the pack. */
export const referrerManifestShape = object(
  {
    schemaVersion: literal(2),
    mediaType: literal(IMAGE_MANIFEST),
    artifactType: text,
    config: emptyConfigShape,
    subject: object({ mediaType: literal(IMAGE_MANIFEST), digest: digest(), size }),
    layers: array(object({ mediaType: text, digest: digest(), size, annotations: object({ [TITLE]: text }) }), {
      min: 1,
      max: 2,
    }),
  },
  { annotations: object({ [CONTENT]: text, [PREDICATE_TYPE]: text }) },
);
export type ReferrerManifest = Infer<typeof referrerManifestShape>;

export type Blob = { readonly digest: Digest; readonly size: number };
/** A manifest: its bytes, and what names it. */
export type Manifest = Blob & {
  readonly artifactType: string;
  /** What it is called in the index. */
  readonly refName: string;
  readonly bytes: Uint8Array;
};

export function blobPath(named: Digest): string {
  return `blobs/sha256/${hexOf(named)}`;
}

export function blobOf(bytes: Uint8Array, sha256: Sha256): Blob {
  return { digest: digestOf(bytes, sha256), size: bytes.length };
}

/** The image manifest of a pack. The same pack gives the same bytes everywhere. */
export function packManifest({ name, version, packDigest, listing }: PackContent, sha256: Sha256): Manifest {
  const manifest: Infer<typeof packManifestShape> = {
    schemaVersion: 2,
    mediaType: IMAGE_MANIFEST,
    artifactType: PACK_ARTIFACT,
    config: emptyConfig(sha256),
    layers: listing.map((file) => ({
      mediaType: PACK_FILE_MEDIA_TYPE,
      digest: digestOfHex(file.sha256),
      size: file.size,
      annotations: { [MODE]: file.mode, [TITLE]: file.path },
    })),
    annotations: { [NAME]: name, [PACK_DIGEST]: packDigest, [VERSION]: version },
  };
  return manifestOf(manifest, { artifactType: PACK_ARTIFACT, refName: version }, sha256);
}

/** What an image manifest says, with the pack digest that its layers give. */
export function contentOf(manifest: Infer<typeof packManifestShape>, sha256: Sha256): PackContent {
  const listing = manifest.layers.map(({ digest: named, size: length, annotations }) => ({
    path: annotations[TITLE],
    mode: annotations[MODE],
    size: length,
    sha256: hexOf(named),
  }));
  const { [NAME]: name, [VERSION]: version } = manifest.annotations;
  return { name, version, listing, packDigest: treeDigest(listing, sha256) };
}

/** The manifest of what refers to a pack; `files` stand in the order of its form. */
export function referrerManifest(
  kind: ReferrerKind,
  subject: Omit<Manifest, "bytes">,
  files: readonly Blob[],
  sha256: Sha256,
): Manifest {
  const { artifactType, annotations, files: forms } = REFERRER_FORMS[kind];
  const manifest = {
    schemaVersion: 2,
    mediaType: IMAGE_MANIFEST,
    artifactType,
    config: emptyConfig(sha256),
    subject: { mediaType: IMAGE_MANIFEST, digest: subject.digest, size: subject.size },
    layers: files.map((file, at) => ({
      mediaType: forms[at]?.mediaType,
      digest: file.digest,
      size: file.size,
      annotations: { [TITLE]: forms[at]?.title },
    })),
    ...(annotations === undefined ? {} : { annotations }),
  };
  return manifestOf(manifest, { artifactType, refName: `${subject.refName}.${kind}` }, sha256);
}

/** `index.json`: the pack first, then what refers to it. */
export function indexBytes(manifests: readonly Omit<Manifest, "bytes">[]): Uint8Array {
  return canonicalBytes({
    schemaVersion: 2,
    mediaType: IMAGE_INDEX,
    manifests: manifests.map(({ digest: named, size: length, artifactType, refName }) => ({
      mediaType: IMAGE_MANIFEST,
      digest: named,
      size: length,
      artifactType,
      annotations: { [REF_NAME]: refName },
    })),
  });
}

/** How many files a referrer of this kind has. */
export function filesOfKind(kind: ReferrerKind): number {
  return REFERRER_FORMS[kind].files.length;
}

/** Which kind of referrer a manifest has the form of, if any. */
export function kindOfReferrer(manifest: ReferrerManifest): ReferrerKind | undefined {
  return REFERRER_KINDS.find((kind) => {
    const { artifactType, annotations } = REFERRER_FORMS[kind];
    const predicateType = manifest.annotations?.[PREDICATE_TYPE];
    return artifactType === manifest.artifactType && annotations?.[PREDICATE_TYPE] === predicateType;
  });
}

function emptyConfig(sha256: Sha256): Infer<typeof emptyConfigShape> {
  return { mediaType: EMPTY_MEDIA_TYPE, digest: digestOf(EMPTY_CONFIG, sha256), size: 2 };
}

function manifestOf(value: unknown, named: Pick<Manifest, "artifactType" | "refName">, sha256: Sha256): Manifest {
  const bytes = canonicalBytes(value);
  return { ...blobOf(bytes, sha256), ...named, bytes };
}
