import { packBundlePredicate } from "#attest/pack-bundle.ts";
import { claimOf, referrersOf, type ReferrerFiles } from "#bundle/assemble.ts";
import { PUBLISHER_ROLE } from "#layout/publisher.ts";
import { packBundleCodes } from "#bundle/codes.ts";
import type { AttachmentKind, Manifest } from "#layout/oci.ts";
import type { PackContent } from "#layout/pack-content.ts";
import { sbomPredicate, type PackSbom } from "#layout/pack-sbom.ts";
import { makeSbom } from "./make-sbom.ts";
import { packTools, type PackTool } from "#layout/pack-tools.ts";
import { equalBytes } from "#canon/bytes.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { Digest } from "#canon/digest.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { PACK_FILE } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import type { Signer } from "#port/signer.ts";
import { checkSigned } from "#trust/check-signed.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import { readPackFile } from "./pack-folder.ts";
import type { HeldRevocations } from "./revocation-standing.ts";
import { signStatement, type SigningTools } from "./sign-statement.ts";

/** What a publisher stands for. */
export type BundleToSign = {
  readonly pack: PackContent;
  /** Where the files of the pack are read. */
  readonly folder: string;
  /** The plan and its inputs lock, when inputs were given. */
  readonly planned?: { readonly planHash: Digest; readonly plan: Uint8Array; readonly lock: Uint8Array };
  /** Documents of others that go along, at most one of a kind. */
  readonly attachments?: ReadonlyMap<AttachmentKind, Uint8Array>;
  /** An attestation of the SBOM that somebody else made, in place of the signer's. */
  readonly sbomAttestation?: { readonly path: string; readonly bytes: Uint8Array };
  readonly signer: Signer;
};

type SigningPlace = {
  readonly root: TrustRoot;
  readonly createdAt: Timestamp;
  readonly manifest: Manifest;
  readonly revocations: HeldRevocations;
};

type SigningHost = SigningTools & { readonly now: () => number };

/**
 * Everything that comes with a pack: its SBOM, what is attached, lists and plans, and the signatures over all of it. Faults:
 * INPUT_CHANGED, PACK_CONTENT_INVALID, PACK_SBOM_ATTESTATION, and those of the signer.
 */
export async function signPackBundle(
  order: BundleToSign,
  place: SigningPlace,
  tools: SigningHost,
): Promise<Result<ReferrerFiles>> {
  const { pack, planned, signer, attachments = new Map<AttachmentKind, Uint8Array>() } = order;
  const { manifest, createdAt } = place;
  const subjects = [{ name: `${pack.name}@${pack.version}`, digest: manifest.digest }];
  const named = await toolsOf(order, tools);
  if (!named.ok) {
    return named;
  }
  const sbom = await makeSbom(pack, named.value, tools.sha256);
  const inventory =
    order.sbomAttestation === undefined
      ? await attestSbom(order, sbom.document, subjects, tools)
      : await givenAttestation(order, order.sbomAttestation, sbom.bytes, place, tools);
  if (!inventory.ok) {
    return inventory;
  }
  const { list, sidecar } = place.revocations.files;
  const files: ReferrerFiles = {
    sbom: [sbom.bytes],
    "sbom-attestation": [inventory.value],
    ...Object.fromEntries([...attachments].map(([kind, bytes]) => [kind, [bytes]])),
    ...(sidecar === undefined ? {} : { revocations: [list, sidecar] }),
    ...(planned === undefined ? {} : { plan: [planned.plan], "inputs-lock": [planned.lock] }),
  };
  const plan = planned === undefined ? {} : { planHash: planned.planHash };
  const { trustDomain } = place.root.document;
  const claim = claimOf(pack, { trustDomain, createdAt, ...plan }, referrersOf(files, manifest, tools.sha256));
  const published = await signStatement(signer, { predicate: packBundlePredicate, subjects, value: claim }, tools);
  return published.ok ? ok({ ...files, publisher: [published.value.sidecar] }) : published;
}

async function toolsOf(
  { pack: { listing }, folder }: BundleToSign,
  { sha256 }: SigningTools,
): Promise<Result<readonly PackTool[]>> {
  const bytes = await readPackFile(folder, PACK_FILE, listing, sha256);
  if (!bytes.ok) {
    return bytes;
  }
  const read = readPack(bytes.value, { file: PACK_FILE, files: listing });
  return read.ok
    ? ok(packTools(read.value))
    : fail(faultOf(packBundleCodes, "PACK_CONTENT_INVALID", { problem: `${PACK_FILE} has findings` }));
}

async function attestSbom(
  { signer }: BundleToSign,
  value: PackSbom,
  subjects: readonly { readonly name: string; readonly digest: Digest }[],
  tools: SigningTools,
): Promise<Result<Uint8Array>> {
  const signed = await signStatement(signer, { predicate: sbomPredicate, subjects, value }, tools);
  return signed.ok ? ok(signed.value.sidecar) : signed;
}

/** An attestation of others is held to everything that whoever takes the bundle holds it to. */
async function givenAttestation(
  { pack }: BundleToSign,
  { path, bytes }: { readonly path: string; readonly bytes: Uint8Array },
  sbom: Uint8Array,
  { root, manifest, revocations }: SigningPlace,
  tools: SigningHost,
): Promise<Result<Uint8Array>> {
  const refused = (problem: string): Result<never> =>
    fail(faultOf(packBundleUseCodes, "PACK_SBOM_ATTESTATION", { path, problem }));
  const signed = await checkSigned({
    ...tools,
    sidecar: bytes,
    profile: "interop",
    file: manifest.digest,
    predicate: sbomPredicate,
    roles: [PUBLISHER_ROLE],
    scope: { pack: pack.name },
    trustRoot: root,
    revocations: revocations.list,
    at: timestampOf(tools.now()),
  });
  if (signed.status !== "pass") {
    return refused(`${signed.code}: ${signed.why}`);
  }
  return equalBytes(canonicalBytes(signed.statement.predicate), sbom)
    ? ok(bytes)
    : refused("its predicate is another SBOM");
}
