import type { Plan, PlanNode } from "#plan/plan.ts";
import { graphOf, type GraphNode } from "#run/graph.ts";
import { canonicalPlan } from "./canonical-plan.ts";
import { padded } from "./text-width.ts";
import { visibleText } from "./visible-text.ts";

/** A plan at a glance: its hash, what it was made with, its steps as they stand inside each other. */
export function planText(given: Plan, planHash: string): string {
  const plan = canonicalPlan(given);
  const graph = graphOf(plan);
  const { pack, inputs, secrets, sandbox } = plan;
  const main = graph.main.flatMap((at) => nodeRows(at, "  "));
  const rows = [...main, ...graph.finally.flatMap((at) => nodeRows(at, "  "))];
  const labels = padded(rows.map(({ label }) => label));
  const steps = rows.map(({ node }, at) => `${labels[at] ?? ""}  ${kindText(node)}`);
  const lines = [
    `pack      ${pack.name}@${pack.version}`,
    `planHash  ${planHash}`,
    ...Object.entries(inputs).map(([name, input]) => `input     ${name} = ${inputText(input)}`),
    ...Object.keys(secrets).map((name) => `secret    ${name}`),
    `sandbox   ${sandbox.mode}, ${sandbox.egressAllowlist.length === 0 ? "no egress" : `egress to ${sandbox.egressAllowlist.map(({ host, port }) => `${host}:${port}`).join(", ")}`}`,
    "steps",
    ...steps.slice(0, main.length),
    ...(graph.finally.length === 0 ? [] : ["finally", ...steps.slice(main.length)]),
  ];
  return `${lines.map(visibleText).join("\n")}\n`;
}

function inputText(input: Plan["inputs"][string]): string {
  return "digest" in input ? `${input.type} ${input.name} ${input.digest}` : JSON.stringify(input.value);
}

type NodeRow = { readonly label: string; readonly node: PlanNode };

function nodeRows({ name, node, children }: GraphNode, indent: string): readonly NodeRow[] {
  return [{ label: indent + name, node }, ...children.flatMap((child) => nodeRows(child, `${indent}  `))];
}

function kindText(node: PlanNode): string {
  switch (node.kind) {
    case "run":
      return node.uses ?? (node.script === undefined ? "command" : "script");
    case "parallel":
      return "parallel";
    case "map":
      return Array.isArray(node.items) ? `map of ${node.items.length} items` : `map of up to ${node.maxItems} items`;
    case "gate.approval":
      return `approval gate ${node.approval}`;
    case "gate.policy":
      return `policy gate ${node.policy}`;
  }
}
