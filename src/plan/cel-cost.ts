import { LETTERS, type CostBudget } from "./cost-budget.ts";

type Evaluate = (this: unknown, evaluator: unknown, ast: unknown, context: unknown) => unknown;
/** What is used of a node of the library's tree. It keeps its own way to be evaluated in `evaluate` when it first is. */
type Node = {
  readonly op: string;
  readonly args: unknown;
  readonly meta: { readonly alternate?: unknown };
  evaluate: Evaluate;
};

/** Lets the evaluation of a tree spend what it costs. What looks at a whole list for each of its items costs the square of it. */
export function meterOperators(ast: unknown, spend: CostBudget["spend"]): void {
  visit(ast, { seen: new Set(), spend });
}

type Walk = { readonly seen: Set<unknown>; readonly spend: CostBudget["spend"] };

/** Macros stand in the tree as calls, beside what they mean. */
function visit(value: unknown, walk: Walk): void {
  if (typeof value !== "object" || value === null || walk.seen.has(value)) {
    return;
  }
  walk.seen.add(value);
  if (!isNode(value)) {
    Object.values(value).forEach((part) => visit(part, walk));
    return;
  }
  const looks = isJoin(value) ? spendAll : LOOKS.get(value.op);
  if (looks !== undefined) {
    operandsOf(value).forEach((operand) => watch(operand, looks, walk.spend));
  }
  const each = value.op === "comprehension" ? (value.args as { readonly step: unknown }).step : undefined;
  if (typeof each === "object" && each !== null && isNode(each)) {
    charge(each, nodesIn(each) / NODES, walk.spend);
  }
  visit(value.meta.alternate, walk);
  visit(value.args, walk);
}

function isNode(value: object): value is Node {
  return "op" in value && "args" in value && "evaluate" in value && typeof value.evaluate === "function";
}

/** Nodes that cost as much as one value: most of them read a member or compare two numbers. */
const NODES = 4;

/** Of what a macro means, not of how it is written. */
function nodesIn(value: unknown): number {
  if (typeof value !== "object" || value === null) {
    return 0;
  }
  if (!isNode(value)) {
    return Object.values(value).reduce((sum: number, part) => sum + nodesIn(part), 0);
  }
  const { alternate } = value.meta;
  return 1 + (alternate === undefined ? nodesIn(value.args) : nodesIn(alternate));
}

/** What it makes is as long as all texts of its list. */
function isJoin({ op, args }: Node): boolean {
  return op === "rcall" && Array.isArray(args) && args[0] === "join";
}

/** How operations look at their operands: through and through, or at each member. */
const LOOKS: ReadonlyMap<string, (value: unknown, spend: CostBudget["spend"]) => void> = new Map([
  ...["in", "==", "!="].map((op) => [op, spendAll] as const),
  ...["+", "<", "<=", ">", ">=", "call", "rcall", "comprehension"].map((op) => [op, spendMembers] as const),
]);

/** Of a comprehension the list that it goes through: what it makes of that grows in one place, and is not looked at. */
function operandsOf({ op, args }: Node): readonly Node[] {
  const parts: unknown = op === "comprehension" ? [(args as { readonly iterable: unknown }).iterable] : args;
  return (Array.isArray(parts) ? (parts as readonly unknown[]) : [])
    .flat()
    .filter((part) => typeof part === "object" && part !== null)
    .filter(isNode);
}

/** Spends what looking at the node's value costs, each time that it has one. */
function watch(
  node: Node,
  look: (value: unknown, spend: CostBudget["spend"]) => void,
  spend: CostBudget["spend"],
): void {
  evaluateBy(node, (own) => (evaluator, ast, context) => {
    const value: unknown = own().call(node, evaluator, ast, context);
    look(value, spend);
    return value;
  });
}

/** Spends so much before each evaluation of a node. */
function charge(node: Node, cost: number, spend: CostBudget["spend"]): void {
  evaluateBy(node, (own) => (evaluator, ast, context) => {
    spend(cost);
    return own().call(node, evaluator, ast, context);
  });
}

/** Puts something before a node's own way to be evaluated, whatever that becomes. */
function evaluateBy(node: Node, made: (own: () => Evaluate) => Evaluate): void {
  let own = node.evaluate;
  const evaluate = made(() => own);
  Object.defineProperty(node, "evaluate", {
    configurable: true,
    get: () => evaluate,
    set: (given: Evaluate) => {
      own = given;
    },
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
