import { Environment, type ASTNode } from "@marcbachmann/cel-js";
import { fail, ok, type Result } from "#fault/result.ts";
import { meterOperators } from "./cel-cost.ts";
import { guardNumbers } from "./cel-number.ts";
import { LITERAL_TOO_LARGE, surveyCel, type Roots } from "./cel-survey.ts";
import { costBudget } from "./cost-budget.ts";
import type { ExpressionProblem } from "./expression-problem.ts";

/** A parsed expression in which nothing is left that could differ between machines or grow without bound. */
export type CelProgram = {
  readonly source: string;
  readonly ast: ASTNode;
  /** The names that it reads, with the members that it reads of each. */
  readonly roots: Roots;
  /** Throws an `EvaluationError` of the CEL library, `UnsafeNumber` and `OverBudget`. */
  readonly evaluate: (context: Readonly<Record<string, unknown>>) => unknown;
};

/** Types are found by our own checker, because they differ from step to step; the library sees untyped variables. */
const environment = new Environment({
  unlistedVariablesAreDyn: true,
  homogeneousAggregateLiterals: false,
  limits: { maxAstNodes: 2000, maxDepth: 100 },
});

/** What one evaluation may cost, about a second of work. */
const MAX_COST = 5_000_000;

type Parsed = Result<CelProgram, readonly ExpressionProblem[]>;

/** Programs by source: a pack of many steps repeats its expressions, and a run evaluates what the plan checked. */
const programs = new Map<string, Parsed>();
/** Letters of all programs that are kept: a program takes up to a kibibyte of memory for each. */
const MAX_LETTERS = 200_000;
let letters = 0;

/** Parses an expression once. Problems: EXPR_SYNTAX, EXPR_NUMBER, EXPR_UNKNOWN (functions). */
export function celProgram(source: string): Parsed {
  const known = programs.get(source);
  if (known !== undefined) {
    return known;
  }
  letters += source.length + 1;
  if (letters > MAX_LETTERS) {
    programs.clear();
    letters = source.length + 1;
  }
  const made = parse(source);
  programs.set(source, made);
  return made;
}

function parse(source: string): Parsed {
  if (source.trim() === "") {
    const problem = "there is no expression between the braces";
    return fail([{ code: "EXPR_SYNTAX", data: { problem }, start: 0, end: source.length }]);
  }
  try {
    const parsed = environment.parse(source);
    const { problems, roots } = surveyCel(parsed.ast);
    const budget = costBudget("one that");
    meterOperators(parsed.ast, budget.spend);
    const numbers = guardNumbers(parsed.ast);
    const evaluate = (context: Readonly<Record<string, unknown>>): unknown => {
      budget.allow(MAX_COST);
      numbers.begin();
      try {
        return parsed(context);
      } finally {
        // exists() and || go on behind an error, also behind these.
        budget.spend(0);
        numbers.settle();
      }
    };
    return problems.length === 0 ? ok({ source, ast: parsed.ast, roots, evaluate }) : fail(problems);
  } catch (error) {
    return fail([syntaxProblem(error, source)]);
  }
}

/** What the parser threw; anything but its own errors is a stack that ran out on an expression nested too deeply. */
function syntaxProblem(error: unknown, source: string): ExpressionProblem {
  const { summary, code, range } = (typeof error === "object" ? error : {}) as {
    readonly summary?: unknown;
    readonly code?: unknown;
    readonly range?: { readonly start: number; readonly end: number };
  };
  const { start = 0, end = source.length } = range ?? {};
  if (typeof summary !== "string" || code === "limit_exceeded") {
    const problem = "the expression is too large or nested too deeply";
    return { code: "EXPR_SYNTAX", data: { problem }, start, end, hint: "do part of the work in a step" };
  }
  if (code === "invalid_number") {
    return { code: "EXPR_NUMBER", data: { problem: LITERAL_TOO_LARGE }, start, end };
  }
  if (code === "invalid_macro_argument") {
    const problem = "it takes a name and what to do with it: x.all(item, …)";
    return { code: "EXPR_SYNTAX", data: { problem }, start, end };
  }
  return { code: "EXPR_SYNTAX", data: { problem: inWords(summary, source) }, start, end: Math.max(end, start + 1) };
}

const TOKENS: Readonly<Record<string, string>> = {
  EOF: "the end",
  NUMBER: "a number",
  STRING: "a text",
  BYTES: "bytes",
  BOOLEAN: "true or false",
  NULL: "null",
  IDENTIFIER: "a name",
  LPAREN: "(",
  RPAREN: ")",
  LBRACKET: "[",
  RBRACKET: "]",
  LBRACE: "{",
  RBRACE: "}",
  DOT: ".",
  COMMA: ",",
  COLON: ":",
  QUESTION: "?",
  PLUS: "+",
  MINUS: "-",
  MULTIPLY: "*",
  DIVIDE: "/",
  MODULO: "%",
  EQ: "==",
  NE: "!=",
  LT: "<",
  LE: "<=",
  GT: ">",
  GE: ">=",
  AND: "&&",
  OR: "||",
  NOT: "!",
  IN: "in",
};

/** The parser names tokens by constants; people know them as they are written. */
function inWords(summary: string, source: string): string {
  const words = summary.replaceAll(/\b[A-Z]{2,}\b/g, (token) => TOKENS[token] ?? token);
  const text = words.slice(0, 1).toLowerCase() + words.slice(1);
  return /(?:^|[^=!<>])=(?!=)/.test(source) && text.startsWith("unexpected character: =")
    ? "unexpected character: = (compare with ==)"
    : text;
}
