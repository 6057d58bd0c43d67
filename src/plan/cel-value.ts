import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { unsafeNumber } from "./cel-number.ts";
import type { ExpressionCode } from "./expression-codes.ts";

/**
 * Values as CEL computes with them: integral JSON numbers are ints (BigInt), other numbers doubles, objects are maps
 * without a prototype to stumble over. Numbers that a pack declares as `number` are doubles whatever their value.
 */
export type CelValue = null | boolean | string | number | bigint | readonly CelValue[] | ReadonlyMap<string, CelValue>;

/** How a result came to be no JSON value. */
export type ResultProblem = {
  readonly code: Extract<ExpressionCode, "EXPR_NUMBER" | "EXPR_TYPE">;
  readonly problem: string;
};

/** Values that one result may hold, nested ones counted: far more than a plan can use, and a bound on what one costs. */
const MAX_VALUES = 1_000_000;

/** JSON is never changed once it is in a plan or a ledger, so that what was converted once stays right. */
const converted = new WeakMap<object, CelValue>();
const originals = new WeakMap<object, Json>();

export function celOfJson(value: Json): CelValue {
  if (typeof value === "number") {
    return Number.isSafeInteger(value) ? BigInt(value) : value;
  }
  return typeof value === "object" && value !== null ? celOfTree(value) : value;
}

function celOfTree(value: readonly Json[] | JsonObject): CelValue {
  const known = converted.get(value);
  if (known !== undefined) {
    return known;
  }
  const made = Array.isArray(value)
    ? value.map((item: Json) => celOfJson(item))
    : new Map(Object.entries(value).map(([name, member]) => [name, celOfJson(member)]));
  converted.set(value, made);
  keepOriginal(made, value);
  return made;
}

/** Says which JSON a value was made of, for results that are that value as it is. */
export function keepOriginal(made: readonly CelValue[] | ReadonlyMap<string, CelValue>, original: Json): void {
  originals.set(made, original);
}

/** The JSON value of a result. Doubles that are integral print as integers, as everywhere in JSON. */
export function jsonOfCel(value: unknown): Result<Json, ResultProblem> {
  try {
    return ok(jsonOf(value, { left: MAX_VALUES }));
  } catch (error) {
    if (error instanceof NoJson) {
      return fail(error.problem);
    }
    throw error;
  }
}

class NoJson extends Error {
  readonly problem: ResultProblem;
  constructor(code: ResultProblem["code"], problem: string) {
    super(problem);
    this.problem = { code, problem };
  }
}

function jsonOf(value: unknown, budget: { left: number }): Json {
  budget.left -= 1;
  if (budget.left < 0) {
    throw new NoJson("EXPR_TYPE", `more than ${MAX_VALUES} values`);
  }
  if (value === null || typeof value === "boolean") {
    return value;
  }
  if (typeof value === "string") {
    return wellFormed(value);
  }
  return typeof value === "bigint" || typeof value === "number" ? safe(Number(value)) : treeOf(value, budget);
}

function safe(number: number): number {
  const problem = unsafeNumber(number);
  if (problem !== undefined) {
    throw new NoJson("EXPR_NUMBER", `the result is ${problem}`);
  }
  return number === 0 ? 0 : number;
}

/** Half a character cannot be written as UTF-8. */
function wellFormed(text: string): string {
  if (/\p{Surrogate}/u.test(text)) {
    throw new NoJson("EXPR_TYPE", "text that ends in half a character");
  }
  return text;
}

function treeOf(value: unknown, budget: { left: number }): Json {
  if (typeof value !== "object" || value === null) {
    throw new NoJson("EXPR_TYPE", "no data");
  }
  const original = originals.get(value);
  if (original !== undefined) {
    return original;
  }
  if (Array.isArray(value)) {
    return value.map((item) => jsonOf(item, budget));
  }
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([name, member]) => [String(name), jsonOf(member, budget)]));
  }
  if (isPlain(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, jsonOf(member, budget)]));
  }
  throw new NoJson("EXPR_TYPE", "a value that JSON does not have");
}

function isPlain(value: object): value is Readonly<Record<string, unknown>> {
  return isJsonObject(value) && Object.getPrototypeOf(value) === Object.prototype;
}
