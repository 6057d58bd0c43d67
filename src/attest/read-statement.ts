import { hexOf, type Digest } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import { repeatedMember } from "#canon/repeated-member.ts";
import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import { readCanonicalJson, readJson } from "#canon/strict-json.ts";
import { decodeUtf8 } from "#canon/utf8.ts";
import { faultOf } from "#fault/code-table.ts";
import type { FaultData } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { attestCodes } from "./codes.ts";
import { OLDER_STATEMENT_TYPE, STATEMENT_TYPE, statementShape, type Predicate, type Statement } from "./statement.ts";

/**
 * Reads a payload as a statement with this predicate. Faults: STATEMENT_NOT_CANONICAL, STATEMENT_TYPE,
 * STATEMENT_PREDICATE_TYPE, STATEMENT_SHAPE (in that order).
 */
export function readStatement<P>(payload: Uint8Array, predicate: Predicate<P>): Result<Statement<P>> {
  const read = readPayload(payload, predicate.takesOlder === true);
  if (read === undefined) {
    return refuse("STATEMENT_NOT_CANONICAL");
  }
  const found = isJsonObject(read) ? read : {};
  const isOlder = predicate.takesOlder === true && found["_type"] === OLDER_STATEMENT_TYPE;
  const statement: Readonly<Record<string, unknown>> = isOlder ? { ...found, _type: STATEMENT_TYPE } : found;
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

/** The payload's JSON when it is canonical, or of the older version without a member that stands twice. */
function readPayload(payload: Uint8Array, takesOlder: boolean): unknown {
  const strict = readCanonicalJson(payload, "statement");
  if (strict.ok) {
    return strict.value;
  }
  const loose = takesOlder ? readJson(payload, "statement") : strict;
  const isOlder = loose.ok && isJsonObject(loose.value) && loose.value["_type"] === OLDER_STATEMENT_TYPE;
  return isOlder && repeatedMember(decodeUtf8(payload) ?? "") === undefined ? loose.value : undefined;
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
