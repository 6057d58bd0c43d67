import { misfitsOf } from "#canon/shape.ts";
import { sortDiagnostics, type Diagnostic } from "#fault/diagnostic.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { buildPack } from "./build-pack.ts";
import { checkFiles } from "./check-files.ts";
import { checkGates } from "./check-gates.ts";
import { checkNeeds } from "./check-needs.ts";
import { checkObjectives, checkSandbox } from "./check-sandbox.ts";
import { checkSteps } from "./check-steps.ts";
import { checkUserObjects } from "./check-user-objects.ts";
import { collectFindings } from "./findings.ts";
import { reportMisfits } from "./misfit-findings.ts";
import type { FileEntry } from "./pack-files.ts";
import { packShape, type PackText } from "./pack-shape.ts";
import type { Pack } from "./pack.ts";
import { packSource } from "./pack-source.ts";
import { readYaml } from "./read-yaml.ts";
import { objectOf, stepViews } from "./step-view.ts";

export type ReadPackOptions = {
  /** The name of the file as messages show it. */
  readonly file: string;
  /** Every file of the pack's folder. */
  readonly files: readonly FileEntry[];
};

/**
 * Reads the bytes of a `pack.yaml`. Either the pack, with nothing left to doubt but its expressions and the values of
 * its inputs, or everything that is wrong with it (codes of `packCodes`), sorted by place. Costs time linear in the
 * text and never throws.
 */
export function readPack(bytes: Uint8Array, { file, files }: ReadPackOptions): Result<Pack, readonly Diagnostic[]> {
  const { sound, value, diagnostics, text, lines, root } = readYaml(bytes, file);
  if (!sound) {
    return fail(sortDiagnostics(diagnostics));
  }
  const source = packSource(file, text, lines, root);
  const findings = collectFindings(source, diagnostics);
  reportMisfits(misfitsOf(packShape, value), findings);
  const spec = objectOf(objectOf(value)["spec"]);
  const views = stepViews(spec);
  checkSteps(views, spec, findings);
  checkNeeds(views, findings);
  checkGates(views, spec, findings);
  checkSandbox(views, spec, findings);
  checkObjectives(spec, findings);
  checkFiles(views, spec, files, findings);
  checkUserObjects(views, spec, findings);
  const all = findings.all();
  // Without findings the value fits `packShape`, which is what `PackText` says.
  return all.length === 0 ? ok(buildPack(value as unknown as PackText, source)) : fail(sortDiagnostics(all));
}
