import type { ASTNode } from "@marcbachmann/cel-js";
import { describeType, dyn, type CelRecord, type CelType } from "./cel-type.ts";
import type { ExpressionProblem } from "./expression-problem.ts";

/** The names that an expression may use where it stands. */
export type Scope = {
  readonly variable: (name: string) => CelType | undefined;
  readonly names: () => Iterable<string>;
  /** Looks for the name that was meant; may give up when it has looked often enough. */
  readonly nearest: (name: string, known: Iterable<string>) => string | undefined;
};

/** Members that a hint lists at most. */
const LISTED = 12;

/** One check of one expression: what it finds, and how it looks for names that were meant. */
export type Check = {
  readonly source: string;
  readonly problems: ExpressionProblem[];
  readonly nearest: Scope["nearest"];
};

/** The members of an object, unless there are none or too many to read. */
export function listOf({ title, names }: CelRecord): string | undefined {
  const listed: string[] = [];
  for (const name of names()) {
    if (listed.length === LISTED) {
      return undefined;
    }
    listed.push(name);
  }
  return listed.length === 0 ? undefined : `${title}: ${listed.join(", ")}`;
}

/** `others`: what to say when no known name is near. */
export function unknown(
  check: Check,
  node: ASTNode,
  shown: string,
  known: Iterable<string>,
  { name, others }: { readonly name: string; readonly others: string | undefined } = { name: shown, others: undefined },
): CelType {
  const near = check.nearest(name, known);
  const hint = near === undefined ? others : `did you mean "${near}"?`;
  const found = { code: "EXPR_UNKNOWN", data: { name: shown }, start: node.start, end: node.end } as const;
  check.problems.push(hint === undefined ? found : { ...found, hint });
  return dyn;
}

export function need(
  check: Check,
  node: ASTNode,
  expected: string,
  found: CelType,
  kinds: readonly CelType["kind"][],
): CelType {
  return found.kind === "dyn" || kinds.includes(found.kind) ? found : expect(check, node, expected, found);
}

export function expect(check: Check, node: ASTNode, expected: string, found: CelType, hint?: string): CelType {
  const data = { expected, found: describeType(found) };
  const problem = { code: "EXPR_TYPE", data, start: node.start, end: node.end } as const;
  check.problems.push(hint === undefined ? problem : { ...problem, hint });
  return dyn;
}
