import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import type { Json } from "#canon/json.ts";
import { costBudget, OverBudget, type CostBudget } from "./cost-budget.ts";
import { linearPattern } from "./linear-pattern.ts";
import type { ValidateSchema } from "./resolve-inputs.ts";
import { meterKeywords } from "./schema-cost.ts";
import { uniqueItems } from "./unique-items.ts";

/** Problems that one message names at most. */
const NAMED = 3;

/**
 * What holding one value to its schema may cost, a few seconds of work. References and alternatives of a schema can multiply to
 * any number: a hundred lines that each refer to the next one twice take longer than anybody waits.
 */
const MAX_COST = 10_000_000;

/**
 * Holds values to JSON Schema 2020-12 with formats, for at most `MAX_COST`. Schemas are the pack's; `$ref` reaches nothing
 * outside its schema. A compiled schema is kept for as long as the object that it was made of. Slow to load: import it when it is
 * needed.
 */
export const validateSchema: ValidateSchema = (schema, value) =>
  tryHold(schema, value, { formats: true, cost: MAX_COST, describe });

/** The same for what a step gave: without formats, and for a tenth of the cost, for it is done while other runs are driven. */
export const validateOutput: ValidateSchema = (schema, value) =>
  tryHold(schema, value, {
    formats: false,
    cost: MAX_COST / 10,
    describe: ({ instancePath, message = "does not fit" }) => `value${instancePath} ${message}`,
  });

/**
 * The same for documents: whoever has to mend one must see where it is wrong, so its places are named in full. It costs as
 * much as it costs, and is ended from outside. Throws where the stack runs out.
 */
export const validateDocument: ValidateSchema = (schema, value) =>
  hold(schema, value, {
    formats: true,
    cost: Number.POSITIVE_INFINITY,
    describe: ({ instancePath, message = "does not fit" }) => `at ${instancePath || "its root"}: ${message}`,
  });

type Holding = {
  readonly formats: boolean;
  /** The most that it may cost. */
  readonly cost: number;
  readonly describe: (error: ErrorObject) => string;
};
type Verdict = ReturnType<ValidateSchema>;

function tryHold(schema: Json, value: Json, holding: Holding): Verdict {
  try {
    return hold(schema, value, holding);
  } catch (error) {
    const problem = "it refers to itself without end, or the value is too deep for it";
    return { kind: "badSchema", problem: error instanceof OverBudget ? error.message : problem };
  }
}

function hold(schema: Json, value: Json, { formats, cost, describe: inWords }: Holding): Verdict {
  const compiled = compile(schema, formats);
  if (typeof compiled === "string") {
    return { kind: "badSchema", problem: compiled };
  }
  compiled.budget.allow(cost);
  const found = allErrors(compiled, value) ?? firstError(schema, value, formats, cost);
  if (found.length === 0) {
    return { kind: "valid" };
  }
  const named = [...new Set(found.map(inWords))].slice(0, NAMED);
  return { kind: "invalid", problem: named.join("; ") };
}

/** Undefined where finding all of them costs too much. */
function allErrors({ validate }: Compiled, value: Json): readonly ErrorObject[] | undefined {
  try {
    return validate(value) ? [] : (validate.errors ?? []);
  } catch (error) {
    if (error instanceof OverBudget) {
      return undefined;
    }
    throw error;
  }
}

/** A value with very many errors is refused for the first of them. */
function firstError(schema: Json, value: Json, formats: boolean, cost: number): readonly ErrorObject[] {
  const { ajv, budget } = metered({ formats, allErrors: false, meta: true });
  const validate = ajv.compile(schema as object | boolean);
  budget.allow(cost);
  return validate(value) ? [] : (validate.errors ?? []);
}

type Compiled = { readonly validate: ValidateFunction; readonly budget: CostBudget };
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
    const { ajv, budget } = metered({ formats, allErrors: true, meta: META.test(JSON.stringify(schema)) });
    return { validate: ajv.compile(schema), budget };
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

type Metered = { readonly ajv: Ajv2020; readonly budget: CostBudget };
type Wanted = { readonly formats: boolean; readonly allErrors: boolean; readonly meta?: boolean };

/** A new one for each schema, so that the `$id` of one never meets that of another. */
function metered({ formats, allErrors: all, meta = false }: Wanted): Metered {
  const budget = costBudget("holding a value to it");
  // Its code is run once or twice; making it shorter takes time that grows with the square of the schema.
  const code = { regExp: linearPattern(budget.spend), optimize: false };
  const options = { strict: false, logger: false, messages: true, meta, validateSchema: false } as const;
  const ajv = new Ajv2020({ ...options, code, validateFormats: formats, allErrors: all });
  if (formats) {
    addFormats.default(ajv);
  }
  ajv.removeKeyword("uniqueItems").addKeyword(uniqueItems(budget.spend));
  meterKeywords(ajv, budget.spend);
  return { ajv, budget };
}

/** What is wrong, without anything of the value: of its path only places in lists are shown. */
function describe({ instancePath, message = "does not fit" }: ErrorObject): string {
  const parts = instancePath.split("/").slice(1);
  const shown = parts.map((part) => (/^[0-9]+$/.test(part) ? part : "*")).join("/");
  return shown === "" ? message : `at ${shown}: ${message}`;
}
