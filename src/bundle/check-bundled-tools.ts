import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { checkSbomTools, readSbom } from "#layout/pack-sbom.ts";
import { packTools } from "#layout/pack-tools.ts";
import type { BundleSource } from "#verify/bundle-source.ts";
import { checkPackFile } from "./check-pack.ts";
import { packBundleCodes } from "./codes.ts";
import { readDocument, type BundleLayout } from "./read-layout.ts";

/**
 * Whether the bundled `pack.yaml` is a pack of this name and version, and the SBOM names the tools of that. Faults:
 * PACK_CONTENT_INVALID, PACK_SBOM_MISSING, PACK_SBOM_INVALID, PACK_SBOM_TOOLS, PACK_BUNDLE_*.
 */
export async function checkBundledTools(
  source: BundleSource,
  layout: BundleLayout,
  sha256: Sha256,
): Promise<Result<void>> {
  const pack = await checkPackFile(layout, (blob) => readDocument(source, layout.entries, blob, sha256));
  if (!pack.ok) {
    return pack;
  }
  const [blob] = layout.referrers.get("sbom")?.files ?? [];
  if (blob === undefined) {
    return fail(faultOf(packBundleCodes, "PACK_SBOM_MISSING"));
  }
  const bytes = await readDocument(source, layout.entries, blob, sha256);
  const sbom = bytes.ok ? readSbom(bytes.value) : bytes;
  return sbom.ok ? checkSbomTools(sbom.value, packTools(pack.value)) : sbom;
}
