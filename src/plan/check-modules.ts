import type { Pack } from "#pack/pack.ts";
import type { CompileDesk } from "./compile-desk.ts";
import { missingBuiltins } from "./policy-module.ts";

/** Holds every Rego policy to its module: that can be loaded, has the entry point, and asks for nothing it will not get. */
export function checkModules({ spec }: Pack, { sources, findings }: CompileDesk): void {
  for (const [id, policy] of Object.entries(spec.policies)) {
    const found = policy.engine === "rego" ? sources.modules.get(policy.module) : undefined;
    if (policy.engine !== "rego" || found === undefined) {
      continue;
    }
    const { module, entrypoint } = policy;
    const at = (member: string) => ({ path: ["spec", "policies", id, member], part: "value" as const });
    if (!found.ok) {
      findings.add("POLICY_MODULE", { module, problem: found.fault }, at("module"));
      continue;
    }
    const { entrypoints } = found.value;
    if (!entrypoints.includes(entrypoint)) {
      const near = findings.nearest(entrypoint, entrypoints);
      const hint = near === undefined ? `it has: ${entrypoints.join(", ")}` : `did you mean "${near}"?`;
      findings.add("POLICY_ENTRYPOINT", { module, entrypoint }, at("entrypoint"), hint);
    }
    for (const name of missingBuiltins(found.value)) {
      findings.add("POLICY_BUILTIN", { module, name }, at("module"));
    }
  }
}
