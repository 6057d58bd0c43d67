import type { PackBundleClaim } from "#attest/pack-bundle.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { layoutCodes } from "./codes.ts";
import type { Manifest } from "./oci.ts";

/** Who may stand for packs. */
export const PUBLISHER_ROLE = "pack-publisher";

const BOUND = ["name", "version", "packDigest", "trustDomain"] as const;

/** Whether a publisher speaks of this pack, for this trust domain. Fault: PACK_CLAIM_MISMATCH. */
export function checkClaim(
  claim: PackBundleClaim,
  expected: Readonly<Record<(typeof BOUND)[number], string>>,
): Result<void> {
  const other = BOUND.find((member) => claim[member] !== expected[member]);
  return other === undefined ? ok(undefined) : fail(faultOf(layoutCodes, "PACK_CLAIM_MISMATCH", { member: other }));
}

/** Whether a publisher's list names this manifest. Fault: PACK_REFERRERS_MISMATCH. */
export function checkClaimed(claim: PackBundleClaim, { digest, artifactType }: Manifest): Result<void> {
  const isListed = claim.referrers.some((each) => each.digest === digest && each.artifactType === artifactType);
  const problem = `the publisher put in no ${artifactType} that is this one`;
  return isListed ? ok(undefined) : fail(faultOf(layoutCodes, "PACK_REFERRERS_MISMATCH", { problem }));
}
