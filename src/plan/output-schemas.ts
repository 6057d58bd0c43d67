import type { Json, JsonObject } from "#canon/json.ts";
import { readJson } from "#canon/strict-json.ts";
import { ok } from "#fault/result.ts";
import type { Pack, RunStep } from "#pack/pack.ts";
import type { CompileDesk } from "./compile-desk.ts";
import { below } from "./compile-value.ts";
import type { Place } from "./expression-reader.ts";
import type { LintSources } from "./lint-sources.ts";
import { packTree } from "./pack-tree.ts";

/** The schemas of a step's outputs by output: as they are, or paths of the pack. */
function schemasOf({ action, outputs }: RunStep): readonly (readonly [name: string, schema: JsonObject | string])[] {
  return Object.entries(action.type === "uses" ? {} : outputs).flatMap(([name, rule]) =>
    "type" in rule && rule.schema !== undefined ? [[name, rule.schema] as const] : [],
  );
}

/** Paths of the pack in which a step's outputs have their schemas. */
export function outputSchemaPathsOf(step: RunStep): readonly string[] {
  return schemasOf(step).flatMap(([, schema]) => (typeof schema === "string" ? [schema] : []));
}

/** Whether outputs of any step have schemas, and the paths of those that are files, each once. */
export function outputSchemasOf(pack: Pack): { readonly any: boolean; readonly paths: readonly string[] } {
  const steps = packTree(pack).nodes.flatMap(({ step }) => (step.kind === "run" ? [step] : []));
  return {
    any: steps.some((step) => schemasOf(step).length > 0),
    paths: [...new Set(steps.flatMap(outputSchemaPathsOf))],
  };
}

/** Reports what is no schema; files that are not in the pack were reported, and what was not looked into is not judged. */
export function checkOutputSchemas(step: RunStep, place: Place, { sources, findings, doubts }: CompileDesk): void {
  for (const [name, schema] of schemasOf(step)) {
    const path = [...below(below(place, "outputs"), name).path(), "schema"];
    const problem = doubts.touch(path) ? undefined : schemaProblem(schema, sources);
    if (problem !== undefined) {
      const at = { path, part: "value" as const };
      findings.add("PACK_VALUE", { problem: `the schema of output "${name}" cannot be used: ${problem}` }, at);
    }
  }
}

function schemaProblem(schema: JsonObject | string, { files, validateSchema }: LintSources): string | undefined {
  const file = typeof schema === "string" ? files.get(schema) : undefined;
  if (typeof schema === "string" && file?.ok !== true) {
    return file?.fault;
  }
  const read = file?.ok === true ? readJson(file.value, "the schema") : ok(schema);
  if (!read.ok) {
    return "its file could not be read as JSON";
  }
  const verdict = validateSchema?.(read.value as Json, null);
  return verdict?.kind === "badSchema" ? verdict.problem : undefined;
}
