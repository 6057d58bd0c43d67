import type { MapNode, Plan, PlanNode } from "#plan/plan.ts";
import type { Graph } from "#run/graph.ts";
import type { Assumption } from "./assumption.ts";
import type { Foreknowledge } from "./foreknowledge.ts";

/**
 * The plan that the core is given in a simulation: the same nodes under the same ids, in which nothing is left that only
 * the run itself could evaluate.
 * - A `when` that is open is dropped: the step is taken to run. One that a person assumes away is replaced.
 * - A map with open items has placeholders for them: as many as it has items, or one for all where their number is open.
 * - A step has one attempt: assumed to fail, it has failed for good.
 * - No clock runs, and no outputs of the pack are asked for.
 */
export function pretendPlan(
  plan: Plan,
  graph: Graph,
  known: Foreknowledge,
  assumptions: ReadonlyMap<string, Assumption>,
): Plan {
  const { wallClockMs: _, ...sandbox } = plan.sandbox;
  const pretended = (node: PlanNode): PlanNode => pretendNode(node, graph, known, assumptions.get(node.id));
  return { ...plan, sandbox, outputs: {}, steps: plan.steps.map(pretended), finally: plan.finally.map(pretended) };
}

function pretendNode(node: PlanNode, graph: Graph, known: Foreknowledge, assumption: Assumption | undefined): PlanNode {
  const at = graph.byId.get(node.id);
  if (at === undefined || node.kind === "gate.approval") {
    return node;
  }
  const { when, ...rest } = node;
  const dropped = when === undefined || assumption !== undefined || known.whenBasis(at) === "run";
  const kept = { ...rest, ...(dropped ? {} : { when }), ...(assumption?.act === "skip" ? { when: false } : {}) };
  switch (kept.kind) {
    case "run":
      return { ...kept, retry: { ...kept.retry, maxAttempts: 1 } };
    case "map":
      return known.itemsBasis(at) === "run" ? { ...kept, ...placeholders(kept) } : kept;
    case "parallel":
    case "gate.policy":
      return kept;
  }
}

function placeholders({ items, maxItems }: Omit<MapNode, "when">): Pick<MapNode, "items"> {
  const count = Array.isArray(items) ? items.length : Math.min(1, maxItems);
  return { items: Array.from({ length: count }, () => null) };
}
