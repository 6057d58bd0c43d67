import { _, Name, type Ajv2020, type CodeKeywordDefinition, type KeywordCxt } from "ajv/dist/2020.js";
import type { Json } from "#canon/json.ts";
import { LETTERS, type CostBudget } from "./cost-budget.ts";

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

/**
 * Lets every keyword of this ajv spend what it costs whenever it looks at a value, before it does. Keywords that ajv has no code
 * for, and `pattern`, spend for themselves.
 */
export function meterKeywords(ajv: Ajv2020, spend: CostBudget["spend"]): void {
  const count = (value: unknown, least: number, growth: Growth, errors: readonly unknown[] | null): void => {
    // Errors that were found are copied whenever more are found behind a reference.
    spend(costOf(growth, least, value) + (errors?.length ?? 0) / LETTERS);
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
        checkNamed(context);
        const isUrl = keyword === "format" && context.schema === "url";
        const growth = isUrl ? "square" : (GROWTHS.get(keyword) ?? "none");
        gen.code(_`${SELF}.count(${data}, ${leastCost(context)}, ${growth}, ${ERRORS});`);
        inner(context, ...rest);
      };
    }
  }
}

/** How the cost of a look grows with the value: not at all, by one for each part, by all for each part, or with its square. */
type Growth = "none" | "sum" | "product" | "square";

function costOf(growth: Growth, least: number, value: unknown): number {
  switch (growth) {
    case "none":
      return least;
    case "sum":
      return least + sizeOf(value);
    case "product":
      return least * (1 + sizeOf(value));
    case "square":
      return least + (2 * sizeOf(value)) ** 2;
  }
}

/** How ajv's code calls itself and the errors that it has found. */
const SELF = new Name("self");
const ERRORS = new Name("vErrors");

/** What one look costs whatever the value is: as much as the schema's keyword has parts. */
function leastCost({ keyword, schema, parentSchema }: KeywordCxt): number {
  if (keyword === "additionalProperties" || keyword === "unevaluatedProperties") {
    return 1 + sizeOf((parentSchema as { readonly patternProperties?: unknown }).patternProperties);
  }
  return 1 + (COMPARED.has(keyword) ? wholeSizeOf(schema as Json) : sizeOf(schema));
}

/** Names that may stand beside each other in lists of names, so that ajv writes some megabytes for them at most. */
const MOST_PAIRS = 250_000;

/** For each name that a list asks for, ajv writes all of that list into its code. Throws for a schema with too many. */
function checkNamed({ keyword, schema }: KeywordCxt): void {
  if (keyword !== "dependentRequired" && keyword !== "dependencies") {
    return;
  }
  const lists = Object.values(schema as Readonly<Record<string, unknown>>).filter((list) => Array.isArray(list));
  if (lists.reduce((sum, { length }) => sum + length ** 2, 0) > MOST_PAIRS) {
    throw new Error(`${keyword} names more than can be looked for`);
  }
}

/** Keywords that compare a value, or its names, with all that stands in them. */
const COMPARED: ReadonlySet<string> = new Set(["const", "enum", "dependentRequired"]);

/** Everything in it, as deep as it goes. */
function wholeSizeOf(value: Json): number {
  const parts: readonly Json[] = typeof value === "object" && value !== null ? Object.values(value) : [];
  return parts.reduce<number>((sum, part) => sum + wholeSizeOf(part), sizeOf(value));
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
