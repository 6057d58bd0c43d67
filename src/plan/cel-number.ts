import { eachCelNode, evaluateBy, type CelNode } from "./cel-node.ts";

/** Thrown where a number comes up that is none of an expression's values; the message says what it is. */
export class UnsafeNumber extends Error {
  /** The part of the expression that gave it. */
  readonly node: CelNode;
  constructor(problem: string, node: CelNode) {
    super(problem);
    this.node = node;
  }
}

/** What is wrong with a value, in words. */
type Look = (value: unknown) => string | undefined;

/** What is wrong with a number or int of CEL; undefined for all other values. */
export function unsafeNumber(value: unknown): string | undefined {
  if (typeof value === "number") {
    return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? undefined : nameOf(value);
  }
  return typeof value === "bigint" && Math.abs(Number(value)) > Number.MAX_SAFE_INTEGER ? "out of range" : undefined;
}

function nameOf(number: number): string {
  return Number.isFinite(number) ? "out of range" : Number.isNaN(number) ? "not a number (NaN)" : "infinite";
}

/** Lists and objects in which nothing is wrong: none changes once it is a value, and a macro may look at one for each item. */
const sound = new WeakSet<object>();

/** What is wrong with the value or, however deep, with a number in it. */
function unsafeWithin(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) {
    return unsafeNumber(value);
  }
  if (sound.has(value)) {
    return undefined;
  }
  for (const part of Array.isArray(value) ? value : value instanceof Map ? value.values() : Object.values(value)) {
    const problem = unsafeWithin(part);
    if (problem !== undefined) {
      return problem;
    }
  }
  sound.add(value);
  return undefined;
}

const COMPUTES: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%"]);
const READS: ReadonlySet<string> = new Set(["id", ".", "[]"]);
const CONVERTS: ReadonlySet<unknown> = new Set(["int", "double"]);

/** True for what may give an unsafe number when its parts are safe: not for a negation, a size or a choice. */
function givesNumbers({ op, args }: CelNode): boolean {
  return COMPUTES.has(op) || READS.has(op) || (op === "call" && Array.isArray(args) && CONVERTS.has(args[0]));
}

/** Of an object `in` asks for the names alone. */
function unsafeItem(value: unknown): string | undefined {
  return Array.isArray(value) ? unsafeWithin(value) : unsafeNumber(value);
}

/** Operators that look at all that their operands hold, with how much that is on either side. */
const COMPARES: ReadonlyMap<string, readonly [Look, Look]> = new Map([
  ["==", [unsafeWithin, unsafeWithin]],
  ["!=", [unsafeWithin, unsafeWithin]],
  ["in", [unsafeWithin, unsafeItem]],
]);

const LIBRARY_ERRORS: ReadonlySet<unknown> = new Set(["numeric_overflow", "division_by_zero", "modulo_by_zero"]);

/** What the library throws for ints that go out of its range or are divided by zero. */
export type IntError = Error & { readonly code: unknown };

export function isNumberError(error: unknown): error is UnsafeNumber | IntError {
  return error instanceof UnsafeNumber || (error instanceof Error && "code" in error && LIBRARY_ERRORS.has(error.code));
}

export type NumberGuard = {
  /** An evaluation begins: nothing is wrong yet. */
  readonly begin: () => void;
  /** Throws what was wrong with the first number that was unsafe, whatever the evaluation made of it. */
  readonly settle: () => void;
};

/**
 * Holds every number that comes up in the evaluation of a tree to the rule for results, at once: one that is compared or
 * becomes a text leaves no trace in the result. After the first that breaks the rule every part throws that same error,
 * because `||`, `&&` and macros go on behind errors, perhaps for very many items.
 */
export function guardNumbers(ast: unknown): NumberGuard {
  let wrong: Error | undefined;
  const settle = (): void => {
    if (wrong !== undefined) {
      throw wrong;
    }
  };
  const begin = (): void => {
    wrong = undefined;
  };
  looksOf(ast).forEach((look, node) =>
    evaluateBy(node, (own) => (evaluator, ast, context) => {
      settle();
      try {
        return held(own.call(node, evaluator, ast, context), look, node);
      } catch (error) {
        wrong ??= isNumberError(error) ? error : undefined;
        settle();
        throw error;
      }
    }),
  );
  return { begin, settle };
}

function held(value: unknown, look: Look, node: CelNode): unknown {
  const problem = look(value);
  if (problem !== undefined) {
    throw new UnsafeNumber(problem, node);
  }
  return value;
}

/** How the values of which nodes are looked at. A literal is refused where the expression is read. */
function looksOf(ast: unknown): ReadonlyMap<CelNode, Look> {
  const looks = new Map<CelNode, Look>();
  eachCelNode(ast, (node) => {
    if (givesNumbers(node) && !looks.has(node)) {
      looks.set(node, unsafeNumber);
    }
    COMPARES.get(node.op)?.forEach((look, side) => {
      const operand = (node.args as readonly [CelNode, CelNode])[side];
      if (operand !== undefined && operand.op !== "value") {
        looks.set(operand, look);
      }
    });
  });
  return looks;
}
