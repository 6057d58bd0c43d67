import type { JsonObject } from "#canon/json.ts";
import type { NumberRules } from "#plan/number-rules.ts";
import type { Policy } from "#plan/plan.ts";

/** `undecided` covers everything that is not a clean true or false: missing evidence never passes. */
export type PolicyAnswer =
  | { readonly kind: "allowed" }
  | { readonly kind: "denied" }
  | { readonly kind: "undecided"; readonly why: string };

/**
 * 1. Never throws. 2. The same policy, context and rules give the same answer on every machine.
 * `numbers` says which values of the context are doubles; without it integral ones are ints.
 */
export type PolicyEngine = {
  readonly evaluate: (policy: Policy, context: JsonObject, numbers?: NumberRules) => Promise<PolicyAnswer>;
};
