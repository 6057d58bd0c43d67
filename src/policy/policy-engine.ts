import type { PolicyEngine } from "#port/policy-engine.ts";
import { celPolicyEngine } from "./cel-policy-engine.ts";
import type { RegoPorts } from "./rego-policy-engine.ts";

/** Decides every policy in the language that it is written in. What Rego needs is loaded when it is. */
export function policyEngine(ports: RegoPorts): PolicyEngine {
  const cel = celPolicyEngine();
  return {
    evaluate: async (policy, context, numbers) =>
      policy.engine === "rego"
        ? (await import("./rego-policy-engine.ts")).evaluateRego(policy, context, ports)
        : cel.evaluate(policy, context, numbers),
  };
}
