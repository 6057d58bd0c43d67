import { decodeUtf8 } from "#canon/utf8.ts";
import type { PackContent } from "#layout/pack-content.ts";
import { ok, type Result } from "#fault/result.ts";
import { treeDigest } from "#pack/pack-files.ts";
import { readPack } from "#pack/read-pack.ts";
import { lintPack } from "./plan-pack.ts";
import { readPackFolder, type PackPorts } from "./pack-folder.ts";
import { refusedBy, refusedFor, type PlanRefusal } from "./plan-refusal.ts";

/** The content of a pack's folder for a bundle; a pack with errors is refused like one that is planned. */
export async function contentForBundle(
  pack: string,
  cwd: string,
  ports: PackPorts,
): Promise<Result<{ readonly content: PackContent; readonly folder: string }, PlanRefusal>> {
  const linted = await lintPack(pack, { ...ports, cwd });
  if (!linted.ok) {
    return refusedBy(linted.fault);
  }
  const { diagnostics, file, text } = linted.value;
  if (diagnostics.some(({ severity }) => severity === "error")) {
    return refusedFor(diagnostics, file, text);
  }
  const place = await readPackFolder(pack, cwd, ports);
  if (!place.ok) {
    return refusedBy(place.fault);
  }
  const { bytes, listing, folder } = place.value;
  const read = readPack(bytes, { file, files: listing });
  if (!read.ok) {
    return refusedFor(read.fault, file, decodeUtf8(bytes));
  }
  const { name, version } = read.value;
  return ok({ content: { name, version, listing, packDigest: treeDigest(listing, ports.sha256) }, folder });
}
