import { createHash } from "node:crypto";
import { digestOf, type Sha256 } from "#canon/digest.ts";
import type { Json, JsonObject } from "#canon/json.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import { never } from "#fault/never.ts";
import { evaluateExpression } from "#plan/evaluate-expression.ts";
import type { NumberRules } from "#plan/number-rules.ts";
import type { Policy } from "#plan/plan.ts";
import type { PolicyAnswer, PolicyEngine } from "#port/policy-engine.ts";

/** Decides CEL policies. Only a clean `true` allows and only a clean `false` denies; all else is undecided. */
export function celPolicyEngine(): PolicyEngine {
  return { evaluate: (policy, context, numbers) => Promise.resolve(answer(policy, context, numbers)) };
}

function answer(policy: Policy, context: JsonObject, numbers?: NumberRules): PolicyAnswer {
  switch (policy.engine) {
    case "cel":
      return digestOf(encodeUtf8(policy.expression), sha256) === policy.digest
        ? decide(policy.expression, context, numbers)
        : undecided("the expression is not the one that the policy's digest names");
    case "rego":
      return undecided(`this runner has no engine for Rego, which ${policy.module} is written for`);
    default:
      return never(policy);
  }
}

function decide(expression: string, context: JsonObject, numbers?: NumberRules): PolicyAnswer {
  try {
    const result = evaluateExpression(expression, context, numbers);
    if (!result.ok) {
      return undecided(`${result.fault.code}: ${result.fault.message}`);
    }
    if (typeof result.value !== "boolean") {
      return undecided(`the expression gave ${kindOf(result.value)}, not true or false`);
    }
    return { kind: result.value ? "allowed" : "denied" };
  } catch (error) {
    // A context or an expression that is too deep for the stack: nothing that was not decided may pass.
    return undecided(error instanceof Error ? error.message : "the expression could not be evaluated");
  }
}

function kindOf(value: Json): string {
  if (value === null) {
    return "null";
  }
  return Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`;
}

function undecided(why: string): PolicyAnswer {
  return { kind: "undecided", why };
}

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();
