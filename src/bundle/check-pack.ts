import { digestOfHex } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { PACK_FILE } from "#pack/pack-files.ts";
import type { Pack } from "#pack/pack.ts";
import { readPack } from "#pack/read-pack.ts";
import { packBundleCodes } from "./codes.ts";
import type { BundleLayout } from "./read-layout.ts";
import type { PackCase } from "./pack-case.ts";

/**
 * The bundled pack.yaml, when it is a pack of this name and version. Asked by who takes a pack in, not by verifiers: those read
 * no YAML. Faults: PACK_CONTENT_INVALID, PACK_BUNDLE_*.
 */
export async function checkPackFile(
  { pack: { name, version, listing } }: BundleLayout,
  document: PackCase["document"],
): Promise<Result<Pack>> {
  const invalid = (problem: string): Result<never> =>
    fail(faultOf(packBundleCodes, "PACK_CONTENT_INVALID", { problem }));
  const file = listing.find(({ path }) => path === PACK_FILE);
  if (file === undefined) {
    return invalid(`it has no ${PACK_FILE}`);
  }
  const bytes = await document({ digest: digestOfHex(file.sha256), size: file.size });
  if (!bytes.ok) {
    return bytes;
  }
  const read = readPack(bytes.value, { file: PACK_FILE, files: listing });
  if (!read.ok) {
    return invalid(`${PACK_FILE} has ${read.fault.length} findings, first ${read.fault[0]?.code ?? "none"}`);
  }
  return read.value.name === name && read.value.version === version
    ? ok(read.value)
    : invalid(`${PACK_FILE} says another name or version`);
}
