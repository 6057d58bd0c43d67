import type { Predicate } from "#attest/statement.ts";
import type { Profile } from "#attest/sidecar.ts";
import { digestOf } from "#canon/digest.ts";
import { PACK_MANIFEST_PATH } from "#evidence/evidence-path.ts";
import { ok, type Result } from "#fault/result.ts";
import { packManifest, type Manifest } from "#layout/oci.ts";
import type { PackContent } from "#layout/pack-content.ts";
import { PUBLISHER_ROLE } from "#layout/publisher.ts";
import { checkSigned, type SignedVerdict } from "#trust/check-signed.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { FoldedCase } from "./case.ts";
import { readPackListing } from "./pack-listing.ts";

/** The pack of a run, and what its publisher signs: the image manifest, which is not in the evidence. */
export type SignedImage = { readonly pack: PackContent; readonly image: Manifest };

/**
 * Made again from the plan's name and version and the files that `pack.manifest.json` lists: nobody's word is needed to know
 * what the signatures of a publisher must be over. Faults: PACK_LISTING_INVALID and those of reading.
 */
export async function signedImage({ reader, plan, sha256 }: FoldedCase): Promise<Result<SignedImage>> {
  const bytes = await reader.document(PACK_MANIFEST_PATH);
  if (!bytes.ok) {
    return bytes;
  }
  const listing = readPackListing(bytes.value);
  if (!listing.ok) {
    return listing;
  }
  const { name, version } = plan.pack;
  const pack = { name, version, listing: listing.value, packDigest: digestOf(bytes.value, sha256) };
  return ok({ pack, image: packManifest(pack, sha256) });
}

/** Checks a publisher's signature over the image manifest. */
export function checkPublished<P>(
  given: FoldedCase & { readonly trustRoot: TrustRoot },
  { image }: SignedImage,
  signed: { readonly sidecar: Uint8Array; readonly profile: Profile; readonly predicate: Predicate<P> },
): Promise<SignedVerdict<P>> {
  const { trustRoot, revocations, at, timestamps, verifySignature, sha256, plan } = given;
  return checkSigned({
    ...signed,
    file: image.digest,
    roles: [PUBLISHER_ROLE],
    scope: { pack: plan.pack.name },
    trustRoot,
    revocations,
    at,
    timestamps,
    verifySignature,
    sha256,
  });
}
