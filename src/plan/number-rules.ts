import type { Plan } from "./plan.ts";

/** What is a double because it is declared as `number`: inputs by name, outputs by step and name. */
export type NumberRules = {
  readonly inputs: ReadonlySet<string>;
  readonly outputs: ReadonlyMap<string, ReadonlySet<string>>;
};

const known = new WeakMap<Plan, NumberRules>();

/** The number rules of a plan, found once for each plan. */
export function numberRulesOf(plan: Plan): NumberRules {
  const before = known.get(plan);
  if (before !== undefined) {
    return before;
  }
  const inputs = Object.entries(plan.inputs).filter(([, { type }]) => type === "number");
  const outputs = new Map<string, ReadonlySet<string>>();
  for (const node of [...plan.steps, ...plan.finally]) {
    if (node.kind === "run") {
      const doubles = Object.entries(node.outputs).filter(([, rule]) => "type" in rule && rule.type === "number");
      if (doubles.length > 0) {
        outputs.set(node.id.slice(node.id.lastIndexOf(":") + 1), new Set(doubles.map(([name]) => name)));
      }
    }
  }
  const made = { inputs: new Set(inputs.map(([name]) => name)), outputs };
  known.set(plan, made);
  return made;
}
