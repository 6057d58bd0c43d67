import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { packBundleUseCodes } from "./pack-bundle-codes.ts";
import type { PackPorts } from "./pack-folder.ts";
import type { RegisteredPack } from "./registered-pack.ts";

/** Whether the files of a version of the registry are what its publisher signed. Fault: REGISTRY_CHANGED. */
export async function checkFilesUnchanged(
  { name, version, folder, packDigest }: Pick<RegisteredPack, "name" | "version" | "folder" | "packDigest">,
  { folders, sha256 }: Pick<PackPorts, "folders" | "sha256">,
): Promise<Result<void>> {
  const read = await folders.readPack(folder);
  return read.ok && treeDigest(read.value.listing, sha256) === packDigest
    ? ok(undefined)
    : fail(faultOf(packBundleUseCodes, "REGISTRY_CHANGED", { pack: `${name}@${version}` }));
}
