import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Json } from "#canon/json.ts";
import { linearPattern } from "./linear-pattern.ts";
import type { ValidateSchema } from "./resolve-inputs.ts";

/** Problems that one message names at most. */
const NAMED = 3;

/**
 * Holds values to JSON Schema 2020-12 with formats. Schemas are the pack's; `$ref` reaches nothing outside its schema.
 * A compiled schema is kept for as long as the object that it was made of. Slow to load: import it when it is needed.
 */
export const validateSchema: ValidateSchema = (schema, value) => {
  try {
    return hold(schema, value, describe);
  } catch {
    return { kind: "badSchema", problem: "it refers to itself without end, or the value is too deep for it" };
  }
};

/** The same for documents: whoever has to mend one must see where it is wrong, so its places are named in full. */
export const validateDocument: ValidateSchema = (schema, value) =>
  hold(schema, value, ({ instancePath, message = "does not fit" }) => `at ${instancePath || "its root"}: ${message}`);

function hold(schema: Json, value: Json, describe: (error: ErrorObject) => string): ReturnType<ValidateSchema> {
  const compiled = compile(schema);
  if (typeof compiled === "string") {
    return { kind: "badSchema", problem: compiled };
  }
  if (compiled(value)) {
    return { kind: "valid" };
  }
  const problems = (compiled.errors ?? []).map(describe);
  const named = [...new Set(problems)].slice(0, NAMED);
  return { kind: "invalid", problem: named.join("; ") };
}

const known = new WeakMap<object, ValidateFunction | string>();

function compile(schema: Json): ValidateFunction | string {
  if (typeof schema === "boolean") {
    return ajv().compile(schema);
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    return "it is neither an object nor true or false";
  }
  const before = known.get(schema);
  const made = before ?? tryCompile(schema);
  known.set(schema, made);
  return made;
}

function tryCompile(schema: object): ValidateFunction | string {
  try {
    return ajv().compile(schema);
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it cannot be compiled";
  }
}

/** A new one for each schema, so that the `$id` of one never meets that of another. */
function ajv(): Ajv2020 {
  const code = { regExp: linearPattern };
  const made = new Ajv2020({ strict: false, allErrors: true, logger: false, messages: true, code });
  addFormats.default(made);
  return made;
}

/** What is wrong, without anything of the value: of its path only places in lists are shown. */
function describe({ instancePath, message = "does not fit" }: ErrorObject): string {
  const parts = instancePath.split("/").slice(1);
  const shown = parts.map((part) => (/^[0-9]+$/.test(part) ? part : "*")).join("/");
  return shown === "" ? message : `at ${shown}: ${message}`;
}
