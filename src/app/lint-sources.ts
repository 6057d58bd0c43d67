import { fail, type Result } from "#fault/result.ts";
import { hasExpression } from "#pack/expression-text.ts";
import type { Pack, RunStep } from "#pack/pack.ts";
import type { BuiltInRule, BuiltInRules } from "#plan/built-in-rule.ts";
import { MAX_READ_BYTES, type LintSources } from "#plan/lint-sources.ts";
import { outputSchemasOf } from "#plan/output-schemas.ts";
import { packTree } from "#plan/pack-tree.ts";
import { MAX_MODULE_BYTES, type PolicyModule } from "#plan/policy-module.ts";
import { readPackFile, type PackFolder, type PackPorts } from "./pack-folder.ts";

type Used = { readonly step: RunStep; readonly rule: BuiltInRule };

/**
 * Reads what is looked into of a pack before anything runs: its Rego modules, the schemas of outputs, and what its built-ins
 * read of it. A file that changes meanwhile is left out; whoever copies the pack refuses it.
 */
export async function readLintSources(
  pack: Pack,
  place: PackFolder,
  builtIns: BuiltInRules,
  ports: PackPorts,
): Promise<LintSources> {
  const used = usesOf(pack, builtIns);
  const files = new Map<string, Result<Uint8Array, string>>();
  const schemas = outputSchemasOf(pack);
  for (const path of [...used.flatMap(filesOf), ...schemas.paths]) {
    const read = files.has(path) ? undefined : await readBounded(place, path, MAX_READ_BYTES, ports);
    if (read !== undefined) {
      files.set(path, read);
    }
  }
  const modules = await inspectModules(pack, place, ports);
  if (!schemas.any && !used.some(({ rule }) => rule.holdsToSchemas === true)) {
    return { files, modules };
  }
  const { validateSchema } = await import("#plan/validate-schema.ts");
  return { files, modules, validateSchema };
}

function usesOf(pack: Pack, builtIns: BuiltInRules): readonly Used[] {
  return packTree(pack).nodes.flatMap(({ step }) => {
    const rule = step.kind === "run" && step.action.type === "uses" ? builtIns.get(step.action.uses) : undefined;
    return step.kind === "run" && rule !== undefined ? [{ step, rule }] : [];
  });
}

/** Paths of the pack, as its manifest writes them, that a step's built-in reads. */
function filesOf({ step: { action }, rule }: Used): readonly string[] {
  const given = action.type === "uses" ? action.with : {};
  return (rule.readFiles ?? []).flatMap((member) => {
    const path = given[member];
    return typeof path === "string" && !hasExpression(path) ? [path.startsWith("./") ? path.slice(2) : path] : [];
  });
}

async function inspectModules({ spec }: Pack, place: PackFolder, ports: PackPorts): Promise<LintSources["modules"]> {
  const modules = new Map<string, Result<PolicyModule, string>>();
  for (const policy of Object.values(spec.policies)) {
    if (policy.engine === "rego" && !modules.has(policy.module)) {
      const bytes = await readBounded(place, policy.module, MAX_MODULE_BYTES, ports);
      if (bytes !== undefined) {
        modules.set(policy.module, bytes.ok ? await ports.inspectModule(bytes.value) : bytes);
      }
    }
  }
  return modules;
}

/** Undefined when there is no such file, or it is not the one that was listed any more. */
async function readBounded(
  { folder, listing }: PackFolder,
  path: string,
  limit: number,
  { sha256 }: PackPorts,
): Promise<Result<Uint8Array, string> | undefined> {
  const listed = listing.find((entry) => entry.path === path);
  if (listed !== undefined && listed.size > limit) {
    return fail(`it is larger than ${limit} bytes`);
  }
  const bytes = listed === undefined ? undefined : await readPackFile(folder, path, listing, sha256);
  return bytes?.ok === true ? bytes : undefined;
}
