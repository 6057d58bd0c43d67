import type { Json } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FaultData } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { celContext, type ExpressionContext } from "./cel-context.ts";
import { celProgram, type CelProgram } from "./cel-program.ts";
import { isNumberError, UnsafeNumber, type IntError } from "./cel-number.ts";
import { jsonOfCel } from "./cel-value.ts";
import { OverBudget } from "./cost-budget.ts";
import { expressionCodes, type ExpressionCode } from "./expression-codes.ts";
import type { NumberRules } from "./number-rules.ts";

/**
 * The value of an expression (CEL, without `${{ }}`) over a context of plain JSON. Deterministic, and never throws.
 * `numbers` says which values are doubles because they are declared as `number`; without it integral ones are ints.
 * Faults: EXPR_SYNTAX, EXPR_UNKNOWN, EXPR_TYPE, EXPR_NUMBER, EXPR_ABSENT.
 */
export function evaluateExpression(source: string, context: ExpressionContext, numbers?: NumberRules): Result<Json> {
  const program = celProgram(source);
  if (!program.ok) {
    const [first = { code: "EXPR_SYNTAX" as const, data: {} }] = program.fault;
    return fail(faultOf(expressionCodes, first.code, first.data));
  }
  const value = runProgram(program.value, () => celContext(program.value.roots, context, numbers));
  return value.ok ? value : fail(faultOf(expressionCodes, value.fault.code, value.fault.data));
}

/** How an evaluation ended without a value, with the place in the source where the library knows it. */
export type EvaluationProblem = {
  readonly code: ExpressionCode;
  readonly data: FaultData;
  readonly start: number;
  readonly end: number;
};

/** Runs a program over CEL values; making them may meet data that is nested too deeply, so it is done here. */
export function runProgram(
  program: CelProgram,
  context: () => Readonly<Record<string, unknown>>,
): Result<Json, EvaluationProblem> {
  const whole = { start: 0, end: program.source.length };
  try {
    const value = jsonOfCel(program.evaluate(context()));
    if (value.ok) {
      return ok(value.value);
    }
    const { code, problem } = value.fault;
    const data = code === "EXPR_NUMBER" ? { problem } : { expected: "a value that JSON can hold", found: problem };
    return fail({ code, data, ...whole });
  } catch (error) {
    return fail({ ...whole, ...problemOf(error, program.source) });
  }
}

const ABSENT: ReadonlySet<unknown> = new Set(["no_such_key", "index_out_of_bounds", "unknown_variable"]);

type LibraryError = {
  readonly code?: unknown;
  readonly summary?: unknown;
  readonly range?: { readonly start: number; readonly end: number };
  readonly node?: { readonly start: number; readonly end: number };
};

/** Errors of the library carry a code; others (a stack that ran out, a text too long) come of data beyond all measure. */
function problemOf(
  error: unknown,
  source: string,
): Omit<EvaluationProblem, "start" | "end"> & Partial<EvaluationProblem> {
  const { code, summary, range, node } = (typeof error === "object" && error !== null ? error : {}) as LibraryError;
  const at = node ?? range;
  const place = at === undefined ? {} : { start: at.start, end: at.end };
  if (ABSENT.has(code)) {
    const name = source.slice(node?.start ?? 0, node?.end ?? source.length);
    return { code: "EXPR_ABSENT", data: { name }, ...place };
  }
  if (isNumberError(error)) {
    return { code: "EXPR_NUMBER", data: { problem: numberProblem(error, source) }, ...place };
  }
  if (error instanceof OverBudget) {
    return { code: "EXPR_TYPE", data: { expected: "an evaluation of a bounded cost", found: error.message } };
  }
  const found = typeof summary === "string" ? foundIn(summary) : "data too large or nested too deeply";
  return { code: "EXPR_TYPE", data: { expected: "operands that fit together", found }, ...place };
}

/** Says which part of the source gave the number, where that is short. */
function numberProblem(error: UnsafeNumber | IntError, source: string): string {
  if (error instanceof UnsafeNumber) {
    const part = source.slice(error.node.start, error.node.end);
    return `${part.length > LONG ? "a number in it" : `"${part}"`} is ${error.message}`;
  }
  return error.code === "numeric_overflow" ? "an int goes out of range" : "a number is divided by zero";
}

/** Letters of a part that is not quoted any more. */
const LONG = 80;

/** The library's message without the wording of its own types; it never quotes more than one converted text. */
function foundIn(summary: string): string {
  const text = /conversion error: invalid string value/.test(summary) ? "a text that bool() does not know" : summary;
  return text.replace(/^(?:no such overload|found no matching overload for): ?/, "").replaceAll(/dyn<([^<>]*)>/g, "$1");
}
