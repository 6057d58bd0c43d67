import { ok, type Result } from "#fault/result.ts";
import type { InputRule } from "#pack/pack.ts";
import { readPack } from "#pack/read-pack.ts";
import { lintPack } from "./plan-pack.ts";
import { readPackFolder, type PackPorts } from "./pack-folder.ts";
import { refusedBy, refusedFor, type PlanRefusal } from "./plan-refusal.ts";

export type DeclaredInputs = Readonly<Record<string, Pick<InputRule, "type" | "required">>>;

/** What the inputs of the pack in a folder are. Faults: those of `readPackFolder`; findings of a pack that is none. */
export async function readPackInputs(folder: string, ports: PackPorts): Promise<Result<DeclaredInputs, PlanRefusal>> {
  const place = await readPackFolder(folder, folder, ports);
  if (!place.ok) {
    return refusedBy(place.fault);
  }
  const { file, bytes, listing } = place.value;
  const read = readPack(bytes, { file, files: listing });
  if (!read.ok) {
    const linted = await lintPack(folder, { ...ports, cwd: folder });
    return refusedFor(linted.ok ? linted.value.diagnostics : read.fault, file, undefined);
  }
  const { inputs } = read.value.spec;
  return ok(Object.fromEntries(Object.entries(inputs).map(([name, { type, required }]) => [name, { type, required }])));
}
