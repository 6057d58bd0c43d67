import { isJsonObject, type Json } from "#canon/json.ts";
import { repeatedMember } from "#canon/repeated-member.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { ValueType } from "./plan.ts";

/** How deep the value of an input may be nested, as in a pack. */
const MAX_DEPTH = 64;

/** Reads text by the declared type: objects and arrays as JSON, everything else as it is written. */
export function readInputText(type: ValueType, text: string): Result<Json, undefined> {
  switch (type) {
    case "string":
      return ok(text);
    case "integer":
      return /^-?(?:0|[1-9][0-9]*)$/.test(text) ? ok(plus(Number(text))) : fail(undefined);
    case "number":
      return /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text)
        ? ok(plus(Number(text)))
        : fail(undefined);
    case "boolean":
      return text === "true" || text === "false" ? ok(text === "true") : fail(undefined);
    case "object":
    case "array":
      return parseJson(text);
  }
}

/** JSON has no negative zero in its canonical form. */
function plus(number: number): number {
  return number === 0 ? 0 : number;
}

/** Of a member that stands twice nobody could say which one was meant. */
function parseJson(text: string): Result<Json, undefined> {
  try {
    const value = JSON.parse(text) as Json;
    return repeatedMember(text) === undefined ? ok(value) : fail(undefined);
  } catch {
    return fail(undefined);
  }
}

export function isOfType(type: ValueType, value: Json): boolean {
  switch (type) {
    case "string":
      return typeof value === "string";
    case "integer":
      return typeof value === "number" && Number.isSafeInteger(value);
    case "number":
      return typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
    case "boolean":
      return typeof value === "boolean";
    case "object":
      return isJsonObject(value);
    case "array":
      return Array.isArray(value);
  }
}

export function inputWords(type: ValueType): string {
  switch (type) {
    case "string":
      return "a string";
    case "integer":
      return "an integer between -(2^53-1) and 2^53-1";
    case "number":
      return "a number between -(2^53-1) and 2^53-1";
    case "boolean":
      return "true or false";
    case "object":
      return "a JSON object in which no name stands twice";
    case "array":
      return "a JSON array in which no name stands twice";
  }
}

/** What a value should be and is not, whatever its type: every value must have one canonical form, and no `$` names. */
export function misshape(value: Json, depth = 0): string | undefined {
  if (depth > MAX_DEPTH) {
    return `nested at most ${MAX_DEPTH} deep`;
  }
  if (typeof value === "string") {
    return isWhole(value) ? undefined : "text of whole characters";
  }
  if (typeof value === "number") {
    return Math.abs(value) <= Number.MAX_SAFE_INTEGER ? undefined : "made of numbers between -(2^53-1) and 2^53-1";
  }
  if (Array.isArray(value)) {
    return first(value as readonly Json[], depth);
  }
  if (!isJsonObject(value)) {
    return undefined;
  }
  for (const name of Object.keys(value)) {
    if (name.startsWith("$") || !isWhole(name)) {
      return name.startsWith("$") ? "free of names that start with $" : "text of whole characters";
    }
  }
  return first(Object.values(value), depth);
}

function first(values: readonly Json[], depth: number): string | undefined {
  for (const value of values) {
    const wrong = misshape(value, depth + 1);
    if (wrong !== undefined) {
      return wrong;
    }
  }
  return undefined;
}

function isWhole(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}
