import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Json } from "#canon/json.ts";
import { linearPattern } from "./linear-pattern.ts";
import type { ValidateSchema } from "./resolve-inputs.ts";
import { countSteps, MAX_STEPS, schemaSteps, TooManySteps, type SchemaSteps } from "./schema-steps.ts";
import { uniqueItems } from "./unique-items.ts";

/** Problems that one message names at most. */
const NAMED = 3;

/**
 * Holds values to JSON Schema 2020-12 with formats, in at most `MAX_STEPS` steps. Schemas are the pack's; `$ref` reaches nothing
 * outside its schema. A compiled schema is kept for as long as the object that it was made of. Slow to load: import it when it is
 * needed.
 */
export const validateSchema: ValidateSchema = (schema, value) =>
  tryHold(schema, value, { formats: true, steps: MAX_STEPS, describe });

/** The same for what a step gave: without formats, and in a tenth of the steps, for it is done while other runs are driven. */
export const validateOutput: ValidateSchema = (schema, value) =>
  tryHold(schema, value, {
    formats: false,
    steps: MAX_STEPS / 10,
    describe: ({ instancePath, message = "does not fit" }) => `value${instancePath} ${message}`,
  });

/**
 * The same for documents: whoever has to mend one must see where it is wrong, so its places are named in full. It takes as many
 * steps as it takes, and is ended from outside. Throws where the stack runs out.
 */
export const validateDocument: ValidateSchema = (schema, value) =>
  hold(schema, value, {
    formats: true,
    steps: Number.POSITIVE_INFINITY,
    describe: ({ instancePath, message = "does not fit" }) => `at ${instancePath || "its root"}: ${message}`,
  });

type Holding = {
  readonly formats: boolean;
  readonly steps: number;
  readonly describe: (error: ErrorObject) => string;
};
type Verdict = ReturnType<ValidateSchema>;

function tryHold(schema: Json, value: Json, holding: Holding): Verdict {
  try {
    return hold(schema, value, holding);
  } catch (error) {
    const problem = "it refers to itself without end, or the value is too deep for it";
    return { kind: "badSchema", problem: error instanceof TooManySteps ? error.message : problem };
  }
}

function hold(schema: Json, value: Json, { formats, steps, describe: inWords }: Holding): Verdict {
  const compiled = compile(schema, formats);
  if (typeof compiled === "string") {
    return { kind: "badSchema", problem: compiled };
  }
  compiled.steps.allow(steps);
  const found = allErrors(compiled, value) ?? firstError(schema, value, formats, steps);
  if (found.length === 0) {
    return { kind: "valid" };
  }
  const named = [...new Set(found.map(inWords))].slice(0, NAMED);
  return { kind: "invalid", problem: named.join("; ") };
}

/** Undefined where all of them cannot be found in the steps that are left. */
function allErrors({ validate }: Compiled, value: Json): readonly ErrorObject[] | undefined {
  try {
    return validate(value) ? [] : (validate.errors ?? []);
  } catch (error) {
    if (error instanceof TooManySteps) {
      return undefined;
    }
    throw error;
  }
}

/** A value with very many errors is refused for the first of them. */
function firstError(schema: Json, value: Json, formats: boolean, most: number): readonly ErrorObject[] {
  const { ajv, steps } = counted({ formats, allErrors: false, meta: true });
  const validate = ajv.compile(schema as object | boolean);
  steps.allow(most);
  return validate(value) ? [] : (validate.errors ?? []);
}

type Compiled = { readonly validate: ValidateFunction; readonly steps: SchemaSteps };
const known = { formats: new WeakMap<object, Compiled | string>(), plain: new WeakMap<object, Compiled | string>() };

function compile(schema: Json, formats: boolean): Compiled | string {
  if (typeof schema === "boolean") {
    return tryCompile(schema, formats);
  }
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) {
    return "it is neither an object nor true or false";
  }
  const kept = formats ? known.formats : known.plain;
  const made = kept.get(schema) ?? tryCompile(schema, formats);
  kept.set(schema, made);
  return made;
}

function tryCompile(schema: object | boolean, formats: boolean): Compiled | string {
  try {
    if (metaschemas(formats).validateSchema(schema, true) !== true) {
      return "it is no schema";
    }
    const { ajv, steps } = counted({ formats, allErrors: true, meta: META.test(JSON.stringify(schema)) });
    return { validate: ajv.compile(schema), steps };
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : "it cannot be compiled";
  }
}

/** A schema that is itself made of the metaschema: only then does its validator know that one, which takes long to make. */
const META = /"\$(?:dynamicRef|ref)":"https?:\/\/json-schema\.org\//;
const shared: { formats?: Ajv2020; plain?: Ajv2020 } = {};

/** What holds schemas themselves to the metaschema. */
function metaschemas(formats: boolean): Ajv2020 {
  const options = { strict: false, allErrors: true, logger: false, validateFormats: formats } as const;
  return formats ? (shared.formats ??= withFormats(new Ajv2020(options))) : (shared.plain ??= new Ajv2020(options));
}

function withFormats(ajv: Ajv2020): Ajv2020 {
  addFormats.default(ajv);
  return ajv;
}

type Counted = { readonly ajv: Ajv2020; readonly steps: SchemaSteps };
type Wanted = { readonly formats: boolean; readonly allErrors: boolean; readonly meta?: boolean };

/** A new one for each schema, so that the `$id` of one never meets that of another. */
function counted({ formats, allErrors: all, meta = false }: Wanted): Counted {
  const steps = schemaSteps();
  // Its code is run once or twice; making it shorter takes time that grows with the square of the schema.
  const code = { regExp: linearPattern(steps.spend), optimize: false };
  const options = { strict: false, logger: false, messages: true, meta, validateSchema: false } as const;
  const ajv = new Ajv2020({ ...options, code, validateFormats: formats, allErrors: all });
  if (formats) {
    addFormats.default(ajv);
  }
  ajv.removeKeyword("uniqueItems").addKeyword(uniqueItems(steps.spend));
  countSteps(ajv, steps);
  return { ajv, steps };
}

/** What is wrong, without anything of the value: of its path only places in lists are shown. */
function describe({ instancePath, message = "does not fit" }: ErrorObject): string {
  const parts = instancePath.split("/").slice(1);
  const shown = parts.map((part) => (/^[0-9]+$/.test(part) ? part : "*")).join("/");
  return shown === "" ? message : `at ${shown}: ${message}`;
}
