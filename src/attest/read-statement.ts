import { hexOf, type Digest } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FaultData } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { attestCodes } from "./codes.ts";
import { STATEMENT_TYPE, statementShape, type Predicate, type Statement } from "./statement.ts";

/**
 * Reads a payload as a statement with this predicate. Faults: STATEMENT_NOT_CANONICAL, STATEMENT_TYPE,
 * STATEMENT_PREDICATE_TYPE, STATEMENT_SHAPE (in that order).
 */
export function readStatement<P>(payload: Uint8Array, predicate: Predicate<P>): Result<Statement<P>> {
  const read = readCanonicalJson(payload, "statement");
  if (!read.ok) {
    return refuse("STATEMENT_NOT_CANONICAL");
  }
  const statement = isJsonObject(read.value) ? read.value : {};
  if (statement["_type"] !== STATEMENT_TYPE) {
    return refuse("STATEMENT_TYPE", { found: show(statement["_type"]) });
  }
  if (statement["predicateType"] !== predicate.type) {
    return refuse("STATEMENT_PREDICATE_TYPE", { found: show(statement["predicateType"]), expected: predicate.type });
  }
  // What fits the shape is a `Statement<P>`: the shape is made from the predicate's own.
  const [misfit] = misfitsOf(statementShape(predicate), statement);
  return misfit === undefined
    ? ok(statement as unknown as Statement<P>)
    : refuse("STATEMENT_SHAPE", { problem: describeMisfit(misfit) });
}

/** Whether a statement speaks of the file with this digest: `subject[0]`, no other position. Fault: STATEMENT_SUBJECT. */
export function checkSubject(statement: Statement<unknown>, file: Digest): Result<void> {
  return statement.subject[0]?.digest.sha256 === hexOf(file)
    ? ok(undefined)
    : refuse("STATEMENT_SUBJECT", { expected: file });
}

function show(value: unknown): string {
  return typeof value === "string" ? value.slice(0, 120) : "nothing";
}

function refuse(code: keyof typeof attestCodes, data: FaultData = {}): Result<never> {
  return fail(faultOf(attestCodes, code, data));
}
