import { evaluateExpression } from "#plan/evaluate-expression.ts";
import { numberRulesOf } from "#plan/number-rules.ts";
import type { Plan } from "#plan/plan.ts";
import { expressionsIn } from "#run/expressions.ts";
import type { GraphNode } from "#run/graph.ts";
import { resolvePolicy } from "#run/resolve.ts";
import { entryOf } from "#run/run-record.ts";
import type { RunState } from "#run/state.ts";
import type { Basis, Foreknowledge } from "./foreknowledge.ts";
import type { PolicyVerdict } from "./pretend-run.ts";

/** What decides a policy gate. Rego modules are not looked into: the run decides them. */
export function policyBasis(plan: Plan, at: GraphNode, known: Foreknowledge): Basis {
  const { node } = at;
  const policy = node.kind === "gate.policy" ? entryOf(plan.policies, node.policy) : undefined;
  if (node.kind !== "gate.policy" || policy?.engine !== "cel") {
    return "run";
  }
  return known.basisOfAll([policy.expression, ...expressionsIn(node.with ?? {})], at);
}

/** The answer of a policy gate in a simulation: what it gives, or `allowed` where only the run can say. */
export function decidePolicy(state: RunState, stepId: string, plan: Plan, known: Foreknowledge): PolicyVerdict {
  const at = state.live.byId.get(stepId)?.at;
  if (at === undefined || policyBasis(plan, at, known) === "run") {
    return "allowed";
  }
  const resolved = resolvePolicy(state, stepId);
  if (!resolved.ok || resolved.value.policy.engine !== "cel") {
    return "undecided";
  }
  const answer = evaluateExpression(resolved.value.policy.expression, resolved.value.context, numberRulesOf(plan));
  return !answer.ok || typeof answer.value !== "boolean" ? "undecided" : answer.value ? "allowed" : "denied";
}
