/** How the library evaluates a node. */
export type Evaluate = (this: unknown, evaluator: unknown, ast: unknown, context: unknown) => unknown;
/** What is used of a node of the library's tree. It keeps its own way to be evaluated in `evaluate` when it first is. */
export type CelNode = {
  readonly op: string;
  readonly args: unknown;
  readonly meta: { readonly alternate?: unknown };
  /** Where it stands in the source. */
  readonly start: number;
  readonly end: number;
  evaluate: Evaluate;
};

export function isCelNode(value: unknown): value is CelNode {
  return (
    typeof value === "object" &&
    value !== null &&
    "op" in value &&
    "args" in value &&
    "evaluate" in value &&
    typeof value.evaluate === "function"
  );
}

/** Calls `see` once for each node of a tree. Macros stand in it as calls, beside what they mean. */
export function eachCelNode(ast: unknown, see: (node: CelNode) => void): void {
  visit(ast, see, new Set());
}

function visit(value: unknown, see: (node: CelNode) => void, seen: Set<unknown>): void {
  if (typeof value !== "object" || value === null || seen.has(value)) {
    return;
  }
  seen.add(value);
  if (!isCelNode(value)) {
    Object.values(value).forEach((part) => visit(part, see, seen));
    return;
  }
  see(value);
  visit(value.meta.alternate, see, seen);
  visit(value.args, see, seen);
}

/** What is around each node's own way to be evaluated, the outermost last. */
const around = new WeakMap<CelNode, ((own: Evaluate) => Evaluate)[]>();

/** Puts something around a node's own way to be evaluated, whatever that becomes, and around what is there already. */
export function evaluateBy(node: CelNode, made: (own: Evaluate) => Evaluate): void {
  const known = around.get(node);
  if (known !== undefined) {
    known.push(made);
    return;
  }
  const all = [made];
  around.set(node, all);
  const { evaluate } = node;
  const within = (own: Evaluate): Evaluate => all.reduce((inner, outer) => outer(inner), own);
  // The first evaluation finds the node's own way, sets it and goes by it. A plain property from then on: it is read for every
  // evaluation.
  const settle = (own: Evaluate): unknown => Object.defineProperty(node, "evaluate", { value: within(own) });
  const isFound = Object.hasOwn(node, "evaluate");
  const get = (): Evaluate => (isFound ? within(evaluate) : evaluate);
  Object.defineProperty(node, "evaluate", { configurable: true, get, set: settle });
}
