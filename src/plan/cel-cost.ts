import { eachCelNode, evaluateBy, isCelNode, type CelNode } from "./cel-node.ts";
import { LETTERS, type CostBudget } from "./cost-budget.ts";

/** Lets the evaluation of a tree spend what it costs. What looks at a whole list for each of its items costs the square of it. */
export function meterOperators(ast: unknown, spend: CostBudget["spend"]): void {
  eachCelNode(ast, (node) => meter(node, spend));
}

function meter(node: CelNode, spend: CostBudget["spend"]): void {
  const looks = isJoin(node) ? spendAll : LOOKS.get(node.op);
  if (looks !== undefined) {
    operandsOf(node).forEach((operand) => watch(operand, looks, spend));
  }
  const each = node.op === "comprehension" ? (node.args as { readonly step: unknown }).step : undefined;
  if (isCelNode(each)) {
    charge(each, nodesIn(each) / NODES, spend);
  }
}

/** Nodes that cost as much as one value: most of them read a member or compare two numbers. */
const NODES = 4;

/** Of what a macro means, not of how it is written. */
function nodesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) {
    return 0;
  }
  if (!isCelNode(value)) {
    return Object.values(value).reduce((sum: number, part) => sum + nodesIn(part), 0);
  }
  const { alternate } = value.meta;
  return 1 + (alternate === undefined ? nodesIn(value.args) : nodesIn(alternate));
}

/** What it makes is as long as all texts of its list. */
function isJoin({ op, args }: CelNode): boolean {
  return op === "rcall" && Array.isArray(args) && args[0] === "join";
}

/** How operations look at their operands: through and through, or at each member. */
const LOOKS: ReadonlyMap<string, (value: unknown, spend: CostBudget["spend"]) => void> = new Map([
  ...["in", "==", "!="].map((op) => [op, spendAll] as const),
  ...["+", "<", "<=", ">", ">=", "call", "rcall", "comprehension"].map((op) => [op, spendMembers] as const),
]);

/** Of a comprehension the list that it goes through: what it makes of that grows in one place, and is not looked at. */
function operandsOf(node: CelNode): readonly CelNode[] {
  const parts: unknown =
    node.op === "comprehension" ? [(node.args as { readonly iterable: unknown }).iterable] : node.args;
  return (Array.isArray(parts) ? (parts as readonly unknown[]) : [])
    .slice(isMacro(node) ? RECEIVER + 1 : 0)
    .flat()
    .filter(isCelNode);
}

/** Where a method call has what it is called on, between its name and the list of its arguments. */
const RECEIVER = 1;

/** A macro as it is written: its list is the one that its comprehension goes through, and is looked at there. */
function isMacro({ op, meta }: CelNode): boolean {
  return op === "rcall" && meta.alternate !== undefined;
}

/** Spends what looking at the node's value costs, each time that it has one. */
function watch(
  node: CelNode,
  look: (value: unknown, spend: CostBudget["spend"]) => void,
  spend: CostBudget["spend"],
): void {
  evaluateBy(node, (own) => (evaluator, ast, context) => {
    const value: unknown = own.call(node, evaluator, ast, context);
    look(value, spend);
    return value;
  });
}

/** Spends so much before each evaluation of a node. */
function charge(node: CelNode, cost: number, spend: CostBudget["spend"]): void {
  evaluateBy(node, (own) => (evaluator, ast, context) => {
    spend(cost);
    return own.call(node, evaluator, ast, context);
  });
}

function spendMembers(value: unknown, spend: CostBudget["spend"]): void {
  spend(1 + (typeof value === "string" ? value.length / LETTERS : Array.isArray(value) ? value.length : 0));
}

function spendAll(value: unknown, spend: CostBudget["spend"]): void {
  spendMembers(value, spend);
  if (Array.isArray(value)) {
    value.forEach((item) => (typeof item === "object" || typeof item === "string") && spendAll(item, spend));
  } else if (value instanceof Map) {
    value.forEach((member) => spendAll(member, spend));
  }
}
