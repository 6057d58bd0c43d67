import type { JsonObject } from "#canon/json.ts";
import type { Result } from "#fault/result.ts";
import type { NumberRules } from "#plan/number-rules.ts";
import type { Policy } from "#plan/plan.ts";
import type { PolicyModule } from "#plan/policy-module.ts";

/** `undecided` covers everything that is not a clean true or false: missing evidence never passes. */
export type PolicyAnswer =
  | { readonly kind: "allowed" }
  | { readonly kind: "denied" }
  | { readonly kind: "undecided"; readonly why: string }
  /** What the plan pins of the policy is not there any more, or is something else. */
  | { readonly kind: "changed"; readonly why: string };

/** What a compiled policy says of itself, or what is wrong with it, in words. Never throws. */
export type InspectModule = (module: Uint8Array) => Promise<Result<PolicyModule, string>>;

/**
 * 1. Throws nothing but a StoreError of a store that is gone. 2. The same policy, context and rules give the same answer on every machine.
 * `numbers` says which values of the context are doubles; without it integral ones are ints.
 */
export type PolicyEngine = {
  readonly evaluate: (policy: Policy, context: JsonObject, numbers?: NumberRules) => Promise<PolicyAnswer>;
};
