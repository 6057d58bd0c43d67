import { isJsonObject } from "#canon/json.ts";
import { misfitsOf, type Shape } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { apiCodes } from "./codes.ts";
import { errorsOf, type Refusal } from "./problem.ts";
import type { HeaderForm } from "./route.ts";

const INTEGER = /^-?\d{1,15}$/;

/** Parameters of a path or a query as their shape has them: texts, and integers where it asks for them. */
export function readParameters<T>(
  given: Iterable<readonly [name: string, text: string]>,
  shape: Shape<T>,
): Result<T, Refusal> {
  const schema = isJsonObject(shape.schema) ? shape.schema : {};
  const members = isJsonObject(schema["properties"]) ? schema["properties"] : {};
  const value = new Map<string, unknown>();
  for (const [name, text] of given) {
    if (value.has(name)) {
      return invalid(`${name.slice(0, 60)} stands twice`);
    }
    const member = Object.hasOwn(members, name) ? members[name] : undefined;
    const isInteger = isJsonObject(member) && member["type"] === "integer" && INTEGER.test(text);
    value.set(name, isInteger ? Number(text) : text);
  }
  const read = Object.fromEntries(value);
  const errors = errorsOf(misfitsOf(shape, read));
  const [first] = errors;
  return first === undefined
    ? ok(read as T)
    : invalid(`${first.pointer.slice(1) || "query"}: ${first.message}`.replace("member", "parameter"), errors);
}

/** The headers that a route names fit their shapes. */
export function checkHeaders(
  forms: readonly HeaderForm[],
  header: (name: string) => string | undefined,
): Result<void, Refusal> {
  for (const { name, shape, required } of forms) {
    const given = header(name.toLowerCase());
    if (given === undefined ? required : misfitsOf(shape, given).length > 0) {
      return invalid(`header ${name} ${given === undefined ? "is missing" : "has a value that it cannot have"}`);
    }
  }
  return ok(undefined);
}

function invalid(problem: string, errors?: Refusal["errors"]): Result<never, Refusal> {
  const fault = faultOf(apiCodes, "REQUEST_INVALID", { problem });
  return fail(errors === undefined ? { fault } : { fault, errors });
}
