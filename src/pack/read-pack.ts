import type { Json } from "#canon/json.ts";
import { misfitsOf, type PathPart } from "#canon/shape.ts";
import { sortDiagnostics, type Diagnostic } from "#fault/diagnostic.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { buildPack } from "./build-pack.ts";
import { checkFiles } from "./check-files.ts";
import { checkGates } from "./check-gates.ts";
import { checkNeeds } from "./check-needs.ts";
import { checkObjectives, checkSandbox } from "./check-sandbox.ts";
import { checkSteps } from "./check-steps.ts";
import { checkUserObjects } from "./check-user-objects.ts";
import { growingDoubts, NO_DOUBTS, type Doubts } from "./doubts.ts";
import { collectFindings, type Findings } from "./findings.ts";
import { reportMisfits } from "./misfit-findings.ts";
import type { FileEntry } from "./pack-files.ts";
import { packShape, type PackText } from "./pack-shape.ts";
import type { Pack } from "./pack.ts";
import { packSource, type PackSource } from "./pack-source.ts";
import { readYaml } from "./read-yaml.ts";
import { soundText } from "./sound-text.ts";
import { objectOf, stepViews } from "./step-view.ts";

export type ReadPackOptions = {
  /** The name of the file as messages show it. */
  readonly file: string;
  /** Every file of the pack's folder. */
  readonly files: readonly FileEntry[];
};

/** What a `pack.yaml` says as far as it is right, and all that is wrong with it. */
export type PackReading = {
  /** Codes of `packCodes`, sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  /** The whole pack when there are no diagnostics; else what of it is right: never to be planned, only to be checked. */
  readonly pack: Pack;
  readonly doubts: Doubts;
};

/**
 * Reads the bytes of a `pack.yaml`. Either the pack, with nothing left to doubt but its expressions and the values of
 * its inputs, or everything that is wrong with it (codes of `packCodes`), sorted by place. Costs time linear in the
 * text and never throws.
 */
export function readPack(bytes: Uint8Array, options: ReadPackOptions): Result<Pack, readonly Diagnostic[]> {
  const { diagnostics, pack } = inspectPack(bytes, options);
  return diagnostics.length === 0 ? ok(pack) : fail(diagnostics);
}

/** The same, but with what is right in a pack that has something wrong: the rest of it can be looked at, too. */
export function inspectPack(bytes: Uint8Array, { file, files }: ReadPackOptions): PackReading {
  const { sound, value, diagnostics, text, lines, root } = readYaml(bytes, file);
  const source = packSource(file, text, lines, root);
  const doubts = growingDoubts(value);
  yamlDoubts(sound, diagnostics, source).forEach((path) => doubts.doubt(path));
  const findings = collectFindings(source, diagnostics, doubts);
  if (sound) {
    checkValue(value, files, findings);
  }
  const all = sortDiagnostics(findings.all());
  // Without findings the value fits `packShape`, which is what `PackText` says.
  return all.length === 0
    ? { diagnostics: all, pack: buildPack(value as unknown as PackText, source), doubts: NO_DOUBTS }
    : { diagnostics: all, pack: buildPack(soundText(value, doubts), source), doubts };
}

function checkValue(value: Json, files: readonly FileEntry[], findings: Findings): void {
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
}

/** Where each is looked for among all members around it: with more than these, all of the text is in doubt. */
const MOST_YAML_FINDINGS = 50;
/** An anchor changes nothing of the value that it stands before. */
const HARMLESS: ReadonlySet<string> = new Set(["YAML_ANCHOR"]);

/** What the findings of the YAML reader leave unknown. */
function yamlDoubts(
  sound: boolean,
  diagnostics: readonly Diagnostic[],
  source: PackSource,
): readonly (readonly PathPart[])[] {
  const found = diagnostics.filter(({ code }) => !HARMLESS.has(code));
  // What stands in another document, or may be merged into this one, is not seen at all.
  const isUnseen = found.some(({ code }) => code === "YAML_MULTIPLE_DOCUMENTS" || code === "YAML_DIRECTIVE");
  if (!sound || isUnseen || found.length > MOST_YAML_FINDINGS) {
    return [[]];
  }
  return found.map(({ code, range }) => {
    const path = range === undefined ? [] : source.pathAt(range.start);
    return code === "YAML_MERGE_KEY" ? path.slice(0, -1) : path;
  });
}
