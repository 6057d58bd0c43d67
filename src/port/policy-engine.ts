import type { JsonObject } from "#canon/json.ts";
import type { Policy } from "#plan/plan.ts";

/** `undecided` covers everything that is not a clean true or false: missing evidence never passes. */
export type PolicyAnswer =
  | { readonly kind: "allowed" }
  | { readonly kind: "denied" }
  | { readonly kind: "undecided"; readonly why: string };

/** 1. Never throws. 2. The same policy and context give the same answer on every machine. */
export type PolicyEngine = {
  readonly evaluate: (policy: Policy, context: JsonObject) => Promise<PolicyAnswer>;
};
