import type { PackBundleClaim } from "#attest/pack-bundle.ts";
import { equalBytes } from "#canon/bytes.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { SBOM_PATH, SIDECAR } from "#evidence/evidence-path.ts";
import { bundleCodes } from "./bundle-codes.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Result } from "#fault/result.ts";
import { layoutCodes } from "#layout/codes.ts";
import { blobOf, referrerManifest } from "#layout/oci.ts";
import { checkSbom, readSbom, sbomPredicate } from "#layout/pack-sbom.ts";
import { checkClaimed } from "#layout/publisher.ts";
import type { Case, FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";
import { checkPublished, signedImage, type SignedImage } from "./signed-image.ts";

const SIDECAR_PATH = SBOM_PATH + SIDECAR;

/** That an SBOM is signed may be demanded of any evidence, whatever else can be read of it. */
export function demandSbom({ checks, reader, requireDsse }: Case): void {
  if (requireDsse && !reader.has(SIDECAR_PATH)) {
    checks.fail("sbom", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: SIDECAR_PATH }));
  }
}

/** The SBOM lists the files of the pack and no others, is what the publisher put in, and is attested byte for byte. */
export async function checkInventory(given: FoldedCase, claim: PackBundleClaim | undefined): Promise<void> {
  const { checks, reader, trustRoot } = given;
  if (!reader.has(SBOM_PATH)) {
    if (reader.has(SIDECAR_PATH)) {
      checks.fail("sbom", faultOf(bundleCodes, "EVIDENCE_FILE_MISSING", { path: SBOM_PATH }));
    }
    checks.skip("sbom", "unsigned: there is none");
    return;
  }
  const image = await signedImage(given);
  const bytes = image.ok ? await reader.document(SBOM_PATH) : image;
  const held = image.ok && bytes.ok ? await holdSbom(given, image.value, bytes.value, claim) : bytes;
  if (!held.ok) {
    checks.fail("sbom", held.fault);
  } else if (!reader.has(SIDECAR_PATH)) {
    checks.skip("sbom", "unsigned");
  } else if (trustRoot === undefined) {
    checks.skip("sbom", "it fits the pack; no trust root to check its signature with");
  } else if (image.ok && bytes.ok) {
    await checkAttested({ ...given, trustRoot }, image.value, bytes.value);
  }
}

/** Without anybody's signature but the publisher's list. Faults: PACK_SBOM_INVALID, PACK_SBOM_MISMATCH, PACK_REFERRERS_MISMATCH. */
async function holdSbom(
  { reader, plan, sha256 }: FoldedCase,
  { pack, image }: SignedImage,
  bytes: Uint8Array,
  claim: PackBundleClaim | undefined,
): Promise<Result<unknown>> {
  const sbom = readSbom(bytes);
  const fits = sbom.ok ? checkSbom(sbom.value, { ...pack, packDigest: plan.pack.digest }) : sbom;
  if (!fits.ok || claim === undefined) {
    return fits;
  }
  const listed = checkClaimed(claim, referrerManifest("sbom", image, [blobOf(bytes, sha256)], sha256));
  if (!listed.ok || !reader.has(SIDECAR_PATH)) {
    return listed;
  }
  const sidecar = await reader.document(SIDECAR_PATH);
  return sidecar.ok
    ? checkClaimed(claim, referrerManifest("sbom-attestation", image, [blobOf(sidecar.value, sha256)], sha256))
    : sidecar;
}

async function checkAttested(
  given: Parameters<typeof checkPublished>[0],
  image: SignedImage,
  sbom: Uint8Array,
): Promise<void> {
  const { checks, reader } = given;
  const sidecar = await reader.document(SIDECAR_PATH);
  if (!sidecar.ok) {
    checks.fail("sbom", sidecar.fault);
    return;
  }
  const made = { sidecar: sidecar.value, profile: "interop", predicate: sbomPredicate } as const;
  const signed = await checkPublished(given, image, made);
  if (signed.status === "fail") {
    checks.fail("sbom", { code: signed.code, message: signed.why });
    return;
  }
  if (!equalBytes(canonicalBytes(signed.statement.predicate), sbom)) {
    const problem = "another SBOM is attested";
    checks.fail("sbom", faultOf(layoutCodes, "PACK_SBOM_UNATTESTED", { problem }));
  } else if (signed.status === "stale") {
    checks.stale("sbom", { code: signed.code, message: signed.why });
  }
  checks.pass("sbom", `every file of the pack, and no others; attested by ${signed.principal}`);
}
