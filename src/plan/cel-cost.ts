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
  const looks = LOOKS.get(value.op);
  if (looks !== undefined) {
    operandsOf(value).forEach((operand) => watch(operand, looks, walk.spend));
  }
  visit(value.meta.alternate, walk);
  visit(value.args, walk);
}

function isNode(value: object): value is Node {
  return "op" in value && "args" in value && "evaluate" in value && typeof value.evaluate === "function";
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
  let own = node.evaluate;
  const counted: Evaluate = (evaluator, ast, context) => {
    const value: unknown = own.call(node, evaluator, ast, context);
    look(value, spend);
    return value;
  };
  Object.defineProperty(node, "evaluate", {
    configurable: true,
    get: () => counted,
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
    value.forEach((item) => typeof item === "object" && item !== null && spendAll(item, spend));
  } else if (value instanceof Map) {
    value.forEach((member) => spendAll(member, spend));
  }
}
