import { _, Name, type Ajv2020, type CodeKeywordDefinition, type KeywordCxt } from "ajv/dist/2020.js";

/** Thrown when holding a value to a schema takes more steps than were given. */
export class TooManySteps extends Error {}

/**
 * Steps that holding one value to its schema may take, a few seconds of work. It is a count and no time, so that a value fits or
 * does not whatever machine looks. References and alternatives of a schema can multiply to any number: a hundred lines
 * that each refer to the next one twice take longer than anybody waits.
 */
export const MAX_STEPS = 10_000_000;

export type SchemaSteps = {
  /** Throws TooManySteps. */
  readonly spend: (steps: number) => void;
  readonly allow: (steps: number) => void;
};

export function schemaSteps(): SchemaSteps {
  let left = MAX_STEPS;
  return {
    spend: (steps) => {
      left -= steps;
      if (left < 0) {
        throw new TooManySteps(`holding a value to it takes more than ${MAX_STEPS} steps`);
      }
    },
    allow: (steps) => {
      left = steps;
    },
  };
}

/**
 * Keywords that look at each item or member of a value, or at each letter of a text; and those that hold each member to each of
 * the patterns beside them. The format `url` of ajv-formats looks for the end of a name at each of its letters.
 */
const GROWTHS: ReadonlyMap<string, Growth> = new Map([
  ..."items prefixItems contains propertyNames unevaluatedItems minProperties maxProperties minLength maxLength format"
    .split(" ")
    .map((keyword) => [keyword, "sum"] as const),
  ...["patternProperties", "additionalProperties", "unevaluatedProperties"].map(
    (keyword) => [keyword, "product"] as const,
  ),
]);
/** Letters of a text that are one step. */
const LETTERS = 16;

/**
 * Lets every keyword of this ajv spend steps whenever it looks at a value, before it does. Keywords that ajv has no code for, and
 * `pattern`, count for themselves.
 */
export function countSteps(ajv: Ajv2020, { spend }: SchemaSteps): void {
  const count = (value: unknown, steps: number, growth: Growth, errors: readonly unknown[] | null): void => {
    // Errors that were found are copied whenever more are found behind a reference.
    spend(growthOf(growth, steps, value) + (errors?.length ?? 0) / LETTERS);
  };
  Object.assign(ajv, { count });
  const keywords = Object.keys(ajv.RULES.all).filter((keyword) => keyword !== "uniqueItems");
  for (const keyword of keywords) {
    const rule = ajv.getKeyword(keyword);
    if (typeof rule === "object" && "code" in rule) {
      const definition = rule as CodeKeywordDefinition;
      const inner = definition.code;
      definition.code = (context, ...rest) => {
        const { gen, data } = context;
        const isUrl = keyword === "format" && context.schema === "url";
        const growth = isUrl ? "square" : (GROWTHS.get(keyword) ?? "none");
        gen.code(_`${SELF}.count(${data}, ${stepsOf(context)}, ${growth}, ${ERRORS});`);
        inner(context, ...rest);
      };
    }
  }
}

/** How the steps of a look grow with the value: not at all, by one for each part, by all for each part, or with its square. */
type Growth = "none" | "sum" | "product" | "square";

function growthOf(growth: Growth, steps: number, value: unknown): number {
  switch (growth) {
    case "none":
      return steps;
    case "sum":
      return steps + sizeOf(value);
    case "product":
      return steps * (1 + sizeOf(value));
    case "square":
      return steps + (2 * sizeOf(value)) ** 2;
  }
}

/** How ajv's code calls itself and the errors that it has found. */
const SELF = new Name("self");
const ERRORS = new Name("vErrors");

/** What one look costs whatever the value is: as many steps as the schema's keyword has parts. */
function stepsOf({ keyword, schema, parentSchema }: KeywordCxt): number {
  if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") {
    return 1 + sizeOf((parentSchema as { readonly patternProperties?: unknown }).patternProperties);
  }
  return 1 + sizeOf(schema);
}

/** Items, members, or letters by the dozen. */
function sizeOf(value: unknown): number {
  if (typeof value === "string") {
    return value.length / LETTERS;
  }
  if (typeof value !== "object" || value === null) {
    return 0;
  }
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}
