import { packBundlePredicate, type PackBundleClaim } from "#attest/pack-bundle.ts";
import { canonicalJson } from "#canon/canonical-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { layoutCodes } from "#layout/codes.ts";
import { blobPath } from "#layout/oci.ts";
import { PUBLISHER_ROLE } from "#layout/publisher.ts";
import { checkSigned } from "#trust/check-signed.ts";
import { packBundleCodes } from "./codes.ts";
import type { PackCase } from "./pack-case.ts";

/** The publisher's attestation, when its signature is good, its role covers the pack, and it is of this very manifest. */
export async function checkPublisher(given: PackCase): Promise<PackBundleClaim | undefined> {
  const { findings, layout, document } = given;
  const [blob] = layout.referrers.get("publisher")?.files ?? [];
  if (blob === undefined) {
    findings.fail("publisher", faultOf(packBundleCodes, "PACK_ATTESTATION_MISSING"));
    return undefined;
  }
  const sidecar = await document(blob);
  if (!sidecar.ok) {
    findings.fail("publisher", sidecar.fault);
    return undefined;
  }
  const signed = await checkSigned({
    ...given,
    sidecar: sidecar.value,
    profile: "own",
    file: layout.manifest.digest,
    predicate: packBundlePredicate,
    roles: [PUBLISHER_ROLE],
    scope: { pack: layout.pack.name },
    revocations: given.revocations,
  });
  if (signed.status === "fail") {
    findings.fail("publisher", { code: signed.code, message: signed.why });
    return undefined;
  }
  if (signed.status === "stale") {
    findings.stale("publisher", { code: signed.code, message: signed.why });
  }
  findings.pass("publisher", `${signed.principal} (${signed.keyid})`);
  checkReferrers(given, signed.statement.predicate);
  return signed.statement.predicate;
}

/** The publisher lists everything that refers to the pack but the list's own attestation. */
function checkReferrers({ findings, layout }: PackCase, claim: PackBundleClaim): void {
  const found = [...layout.referrers].filter(([kind]) => kind !== "publisher").map(([, { manifest }]) => manifest);
  const listed = claim.referrers.map(({ digest }) => digest);
  const missing = listed.find((digest) => !found.some((manifest) => manifest.digest === digest));
  const extra = found.find((manifest) => !listed.includes(manifest.digest));
  const exact = found.map(({ digest, artifactType }) => ({ digest, artifactType }));
  const problem =
    missing !== undefined
      ? `${blobPath(missing)} is missing`
      : extra !== undefined
        ? `${blobPath(extra.digest)} was added`
        : canonicalJson(exact) === canonicalJson(claim.referrers)
          ? undefined
          : "it lists them otherwise";
  if (problem === undefined) {
    findings.pass("referrers", `${listed.length}, all that the publisher put in`);
  } else {
    findings.fail("referrers", faultOf(layoutCodes, "PACK_REFERRERS_MISMATCH", { problem }));
  }
}
