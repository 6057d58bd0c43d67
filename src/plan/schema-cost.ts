import { _, Name, type Ajv2020, type CodeKeywordDefinition, type KeywordCxt } from "ajv/dist/2020.js";
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
