import type { Json } from "#canon/json.ts";
import { readJson } from "#canon/strict-json.ts";
import type { Pack, RunStep } from "#pack/pack.ts";
import type { CompileDesk } from "./compile-desk.ts";
import { below } from "./compile-value.ts";
import type { Place } from "./expression-reader.ts";
import type { LintSources } from "./lint-sources.ts";
import { packTree } from "./pack-tree.ts";

/** Paths of the pack in which a step's outputs have their schemas, by output. */
export function outputSchemasOf({ action, outputs }: RunStep): readonly (readonly [name: string, path: string])[] {
  return Object.entries(action.type === "uses" ? {} : outputs).flatMap(([name, rule]) =>
    "type" in rule && typeof rule.schema === "string" ? [[name, rule.schema] as const] : [],
  );
}

/** The same for all steps of a pack, each path once. */
export function outputSchemaPaths(pack: Pack): readonly string[] {
  const steps = packTree(pack).nodes.flatMap(({ step }) => (step.kind === "run" ? [step] : []));
  return [...new Set(steps.flatMap((step) => outputSchemasOf(step).map(([, path]) => path)))];
}

/** Reports the files that are no schema; what is not in the pack was reported, and what was not looked into is not judged. */
export function checkOutputSchemas(step: RunStep, place: Place, { sources, findings }: CompileDesk): void {
  for (const [name, path] of outputSchemasOf(step)) {
    const problem = schemaProblem(path, sources);
    if (problem !== undefined) {
      const at = { path: [...below(below(place, "outputs"), name).path(), "schema"], part: "value" as const };
      findings.add("PACK_VALUE", { problem: `the schema of output "${name}" cannot be used: ${problem}` }, at);
    }
  }
}

function schemaProblem(path: string, { files, validateSchema }: LintSources): string | undefined {
  const file = files.get(path);
  if (file?.ok !== true) {
    return file?.fault;
  }
  const read = readJson(file.value, path);
  if (!read.ok) {
    return "its file could not be read as JSON";
  }
  const verdict = validateSchema?.(read.value as Json, null);
  return verdict?.kind === "badSchema" ? verdict.problem : undefined;
}
