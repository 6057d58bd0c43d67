import { faultOf } from "#fault/code-table.ts";
import {
  checkLeastSequence,
  checkRevocations,
  revocationsStaleness,
  type RevocationFiles,
  type SignedRevocations,
} from "#trust/check-revocations.ts";
import { findRevoked } from "#trust/find-revoked.ts";
import { packBundleCodes } from "./codes.ts";
import type { PackCase } from "./pack-case.ts";

/**
 * The revocation list that is in force for a bundle. Its own must be there and hold, but it is only a floor: the site's counts
 * unless the bundle's has the higher sequence. What is in force must be fresh and revoke neither pack nor plan.
 */
export async function checkBundledList(
  given: PackCase,
  site: RevocationFiles | undefined,
): Promise<SignedRevocations | undefined> {
  const { findings, layout, trustRoot, at } = given;
  const floor = await bundledList(given);
  const own = site === undefined ? undefined : await signedList(given, site);
  const list = inForce(own, floor);
  if (list === undefined) {
    return undefined;
  }
  const least = checkLeastSequence(list, trustRoot);
  if (!least.ok) {
    findings.fail("revocation", least.fault);
  }
  const { name, version, packDigest } = layout.pack;
  const [plan] = layout.referrers.get("plan")?.files ?? [];
  const revoked = findRevoked(list, {
    pack: { name, version, digest: packDigest },
    ...(plan === undefined ? {} : { plan: plan.digest }),
  });
  if (revoked !== undefined) {
    findings.fail("revocation", revoked);
  }
  const stale = revocationsStaleness(list, trustRoot, at);
  if (stale !== undefined) {
    findings.stale("revocation", stale);
  }
  const { sequence, nextUpdate } = list.document;
  const whose = list === own ? "the site's list" : "the bundle's own list";
  findings.pass("revocation", `nothing here is revoked by ${whose}, sequence ${sequence}, good until ${nextUpdate}`);
  return list;
}

async function bundledList(given: PackCase): Promise<SignedRevocations | undefined> {
  const { findings, layout, document } = given;
  const [listBlob, sidecarBlob] = layout.referrers.get("revocations")?.files ?? [];
  if (listBlob === undefined || sidecarBlob === undefined) {
    findings.fail("revocation", faultOf(packBundleCodes, "PACK_REVOCATIONS_MISSING"));
    return undefined;
  }
  const list = await document(listBlob);
  const sidecar = await document(sidecarBlob);
  if (!list.ok || !sidecar.ok) {
    const broken = list.ok ? sidecar : list;
    if (!broken.ok) {
      findings.fail("revocation", broken.fault);
    }
    return undefined;
  }
  return signedList(given, { list: list.value, sidecar: sidecar.value });
}

/** A list that is there must hold, whether it counts in the end or not. */
async function signedList(given: PackCase, files: RevocationFiles): Promise<SignedRevocations | undefined> {
  const read = await checkRevocations(files, given);
  if (!read.ok) {
    given.findings.fail("revocation", read.fault);
    return undefined;
  }
  return read.value;
}

/** The higher sequence counts, of equal ones the site's; and the site's where it revokes the key behind the bundle's. */
function inForce(
  own: SignedRevocations | undefined,
  floor: SignedRevocations | undefined,
): SignedRevocations | undefined {
  if (own === undefined || floor === undefined) {
    return own ?? floor;
  }
  const distrusted = findRevoked(own, { key: floor.signer.key.keyid }) !== undefined;
  return distrusted || floor.document.sequence <= own.document.sequence ? own : floor;
}
