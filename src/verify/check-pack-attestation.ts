import { packBundlePredicate, type PackBundleClaim } from "#attest/pack-bundle.ts";
import { PACK_ATTESTATION_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { checkClaim } from "#layout/publisher.ts";
import type { FoldedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";
import { checkPublished, signedImage } from "./signed-image.ts";

/** Whether a publisher stands for the very pack of this run. What is claimed, when that holds. */
export async function checkPackAttestation(given: FoldedCase): Promise<PackBundleClaim | undefined> {
  const { checks, reader, trustRoot, plan, manifest } = given;
  if (!reader.has(PACK_ATTESTATION_PATH)) {
    sayUnattested(given);
    return undefined;
  }
  if (trustRoot === undefined) {
    checks.skip("pack-attestation", "no trust root to check it with");
    return undefined;
  }
  const image = await signedImage(given);
  const sidecar = image.ok ? await reader.document(PACK_ATTESTATION_PATH) : image;
  if (!image.ok || !sidecar.ok) {
    const broken = image.ok ? sidecar : image;
    if (!broken.ok) {
      checks.fail("pack-attestation", broken.fault);
    }
    return undefined;
  }
  const own = { sidecar: sidecar.value, profile: "own", predicate: packBundlePredicate } as const;
  const signed = await checkPublished({ ...given, trustRoot }, image.value, own);
  if (signed.status === "fail") {
    checks.fail("pack-attestation", { code: signed.code, message: signed.why });
    return undefined;
  }
  const claim = signed.statement.predicate;
  const { name, version, digest: packDigest } = plan.pack;
  const claimed = checkClaim(claim, { name, version, packDigest, trustDomain: manifest.trustDomain });
  if (!claimed.ok) {
    checks.fail("pack-attestation", claimed.fault);
    return undefined;
  }
  if (signed.status === "stale") {
    checks.stale("pack-attestation", { code: signed.code, message: signed.why });
  }
  checks.pass("pack-attestation", `published by ${signed.principal} (${signed.keyid})`);
  return claim;
}

/** A folder has no publisher, which `pack-source` tells; of a pack from the registry one must be shown where all is. */
function sayUnattested({ checks, ledger, requireDsse }: FoldedCase): void {
  const isRegistered = ledger.facts.created?.packSource === "registry";
  if (isRegistered && requireDsse) {
    checks.fail("pack-attestation", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: PACK_ATTESTATION_PATH }));
  }
  const why = isRegistered
    ? "the runner took the pack from its registry, and nothing here shows who published it"
    : "there is none";
  checks.skip("pack-attestation", `unsigned: ${why}`);
}
