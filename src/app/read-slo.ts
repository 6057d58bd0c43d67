import type { Slo } from "#view/slo-rules.ts";
import { faultOf } from "#fault/code-table.ts";
import { ok, type Result } from "#fault/result.ts";
import { readPack } from "#pack/read-pack.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { serviceCodes } from "./service/service-codes.ts";
import { readPackFolder, type PackPorts } from "./pack-folder.ts";
import { refusedBy, refusedFor, type PlanRefusal } from "./plan-refusal.ts";

/** What a pack promises, whatever its inputs will be. Fault: SLO_NONE, and what is wrong with the pack. */
export async function readSlo(
  pack: string,
  cwd: string,
  ports: PackPorts,
): Promise<Result<{ readonly name: string; readonly slo: Slo }, PlanRefusal>> {
  const place = await readPackFolder(pack, cwd, ports);
  if (!place.ok) {
    return refusedBy(place.fault);
  }
  const { file, bytes, listing } = place.value;
  const read = readPack(bytes, { file, files: listing });
  if (!read.ok) {
    return refusedFor(read.fault, file, decodeUtf8(bytes));
  }
  const { name, spec } = read.value;
  const { slo = {} } = spec;
  return Object.keys(slo).length === 0
    ? refusedBy(faultOf(serviceCodes, "SLO_NONE", { pack: name }))
    : ok({ name, slo });
}
