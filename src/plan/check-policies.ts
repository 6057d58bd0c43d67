import type { Pack } from "#pack/pack.ts";
import { celProgram } from "./cel-program.ts";
import { describeType } from "./cel-type.ts";
import { checkExpression } from "./check-expression.ts";
import type { Scope } from "./expression-check.ts";
import type { CompileDesk } from "./compile-desk.ts";
import type { ExpressionProblem } from "./expression-problem.ts";
import { mentionsDoubtful } from "./mentions-doubtful.ts";
import type { PackTree } from "./pack-tree.ts";

/**
 * Everything wrong with the expression of a CEL policy, seen from one gate or from none: it is one whole expression over `inputs`,
 * `steps`, `run`, `pack` and `with`, and gives true or false.
 */
function checkPolicyExpression(source: string, scope: Scope): readonly ExpressionProblem[] {
  const program = celProgram(source);
  if (!program.ok) {
    return program.fault;
  }
  const { type, problems } = checkExpression(program.value, scope);
  if (problems.length > 0 || type.kind === "bool" || type.kind === "dyn") {
    return problems;
  }
  const data = { expected: "true or false", found: describeType(type) };
  return [{ code: "EXPR_TYPE", data, start: 0, end: source.length }];
}

/** Gates from which a policy is looked at that has something wrong: each could see the same hundreds of problems. */
const MOST_GATES = 20;

/** Checks every CEL policy from each gate that uses it; one that no gate uses as if a gate with any `with` came last. */
export function checkPolicies({ spec }: Pack, tree: PackTree, { scopes, findings, doubts }: CompileDesk): void {
  const unused = new Set(Object.keys(spec.policies));
  const report = (id: string, problems: readonly ExpressionProblem[]): void => {
    const policy = problems.length === 0 ? undefined : spec.policies[id];
    if (policy?.engine === "cel" && !mentionsDoubtful(policy.expression, doubts)) {
      problems.forEach((problem) => findings.addProblem(problem, ["spec", "policies", id, "expression"], 0));
    }
  };
  const wrong = new Map<string, number>();
  for (const node of tree.nodes) {
    const id = node.step.kind === "gate.policy" ? node.step.policy : "";
    const policy = spec.policies[id];
    if (node.step.kind === "gate.policy" && policy?.engine === "cel" && (wrong.get(id) ?? 0) < MOST_GATES) {
      unused.delete(id);
      const scope = scopes.ofPolicy(node, Object.keys(node.step.with ?? {}));
      const problems = checkPolicyExpression(policy.expression, scope);
      report(id, problems);
      wrong.set(id, (wrong.get(id) ?? 0) + Math.min(1, problems.length));
    }
  }
  for (const id of unused) {
    const policy = spec.policies[id];
    if (policy?.engine === "cel") {
      report(id, checkPolicyExpression(policy.expression, scopes.ofUnusedPolicy()));
    }
  }
}
