import { equalBytes } from "#canon/bytes.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { layoutCodes } from "#layout/codes.ts";
import { checkSigned } from "#trust/check-signed.ts";
import { PUBLISHER_ROLE } from "#layout/publisher.ts";
import { packBundleCodes } from "./codes.ts";
import { checkSbom, readSbom, sbomPredicate } from "#layout/pack-sbom.ts";
import type { PackCase } from "./pack-case.ts";

/** The SBOM is there, matches the pack both ways, and a publisher attests these very bytes of it. */
export async function checkInventory(given: PackCase): Promise<void> {
  const { findings, layout, document } = given;
  const [blob] = layout.referrers.get("sbom")?.files ?? [];
  if (blob === undefined) {
    findings.fail("sbom", faultOf(packBundleCodes, "PACK_SBOM_MISSING"));
    return;
  }
  const bytes = await document(blob);
  const sbom = bytes.ok ? readSbom(bytes.value) : bytes;
  const matches = sbom.ok ? checkSbom(sbom.value, layout.pack) : sbom;
  if (!matches.ok || !bytes.ok) {
    findings.fail("sbom", matches.ok ? faultOf(packBundleCodes, "PACK_SBOM_MISSING") : matches.fault);
    return;
  }
  findings.pass("sbom", "every file of the pack, and no others");
  await checkAttested(given, bytes.value);
}

async function checkAttested(given: PackCase, sbom: Uint8Array): Promise<void> {
  const { findings, layout, document } = given;
  const unattested = (problem: string): void =>
    findings.fail("sbom-attestation", faultOf(layoutCodes, "PACK_SBOM_UNATTESTED", { problem }));
  const [blob] = layout.referrers.get("sbom-attestation")?.files ?? [];
  if (blob === undefined) {
    unattested("there is no attestation of it");
    return;
  }
  const sidecar = await document(blob);
  if (!sidecar.ok) {
    findings.fail("sbom-attestation", sidecar.fault);
    return;
  }
  const signed = await checkSigned({
    ...given,
    sidecar: sidecar.value,
    profile: "interop",
    file: layout.manifest.digest,
    predicate: sbomPredicate,
    roles: [PUBLISHER_ROLE],
    scope: { pack: layout.pack.name },
    revocations: given.revocations,
  });
  if (signed.status === "fail") {
    findings.fail("sbom-attestation", { code: signed.code, message: signed.why });
    return;
  }
  if (signed.status === "stale") {
    findings.stale("sbom-attestation", { code: signed.code, message: signed.why });
  }
  if (!equalBytes(canonicalBytes(signed.statement.predicate), sbom)) {
    unattested("another SBOM is attested");
    return;
  }
  findings.pass("sbom-attestation", `${signed.principal} (${signed.keyid})`);
}
