import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { ExpressionContext } from "./cel-context.ts";
import { evaluateExpression } from "./evaluate-expression.ts";
import { expressionCodes } from "./expression-codes.ts";
import { numberRulesOf, type NumberRules } from "./number-rules.ts";
import { isCel, type Cel, type Plan } from "./plan.ts";
import { kindOf, textHint } from "./text-hint.ts";

/**
 * A value of the plan with every `{"$cel": …}` in it evaluated. `plan` says which numbers are declared as `number`;
 * give it, else integral ones count as ints. What an expression gives is never looked into for expressions again.
 * Faults: EXPR_TYPE, EXPR_NUMBER, EXPR_ABSENT; EXPR_SYNTAX and EXPR_UNKNOWN only for plans that were not compiled here.
 */
export function evaluateTemplate(template: Json, context: ExpressionContext, plan?: Plan): Result<Json> {
  return valueOf(template, context, plan === undefined ? undefined : numberRulesOf(plan));
}

/** A `when`: true, false, or an expression that must give one of them. */
export function evaluateCondition(template: Json, context: ExpressionContext, plan?: Plan): Result<boolean> {
  const value = evaluateTemplate(template, context, plan);
  if (!value.ok) {
    return value;
  }
  return typeof value.value === "boolean"
    ? ok(value.value)
    : fail(faultOf(expressionCodes, "EXPR_TYPE", { expected: "true or false", found: nameOf(value.value) }));
}

function valueOf(template: Json, context: ExpressionContext, numbers: NumberRules | undefined): Result<Json> {
  if (isCel(template)) {
    return celOf(template, context, numbers);
  }
  if (Array.isArray(template)) {
    const items: Json[] = [];
    for (const item of template as readonly Json[]) {
      const value = valueOf(item, context, numbers);
      if (!value.ok) {
        return value;
      }
      items.push(value.value);
    }
    return ok(items);
  }
  return isJsonObject(template) ? membersOf(template, context, numbers) : ok(template);
}

function membersOf(template: JsonObject, context: ExpressionContext, numbers: NumberRules | undefined): Result<Json> {
  const members: [string, Json][] = [];
  for (const [name, member] of Object.entries(template)) {
    const value = valueOf(member, context, numbers);
    if (!value.ok) {
      return value;
    }
    members.push([name, value.value]);
  }
  return ok(Object.fromEntries(members));
}

/** One expression alone keeps its type; text around or beside it makes a string. */
function celOf({ $cel: parts }: Cel, context: ExpressionContext, numbers: NumberRules | undefined): Result<Json> {
  const [first] = parts;
  if (parts.length === 1 && typeof first === "object") {
    return evaluateExpression(first.expr, context, numbers);
  }
  let text = "";
  for (const part of parts) {
    const value = typeof part === "string" ? ok(part) : evaluateExpression(part.expr, context, numbers);
    const printed = value.ok ? printInText(value.value) : value;
    if (!printed.ok) {
      return printed;
    }
    text += printed.value;
  }
  return ok(text);
}

/** How a value stands inside a text: strings as they are, numbers and booleans as JSON writes them. */
export function printInText(value: Json): Result<string> {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return ok(String(value));
  }
  const data = { expected: "a string, number or boolean", found: nameOf(value) };
  return fail(faultOf(expressionCodes, "EXPR_TYPE", data, textHint(kindOf(value))));
}

/** The kind of a value, for messages: never the value itself. */
export function nameOf(value: Json): string {
  if (value === null) {
    return "null";
  }
  if (typeof value === "object") {
    return Array.isArray(value) ? "a list" : "an object";
  }
  return typeof value === "string" ? "a string" : typeof value === "number" ? "a number" : "true or false";
}
