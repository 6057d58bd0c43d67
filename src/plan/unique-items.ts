import type { ErrorObject, FuncKeywordDefinition } from "ajv/dist/2020.js";
import { isJsonObject, type Json } from "#canon/json.ts";
import { LETTERS, type CostBudget } from "./cost-budget.ts";

/**
 * `uniqueItems` (JSON Schema 2020-12, validation, 6.4.3) in time linear in the text of the items, apart from sorting the names
 * of members; ajv's own compares each item with each. What was looked at is spent.
 */
export function uniqueItems(spend: CostBudget["spend"]): FuncKeywordDefinition {
  const validate = (asked: boolean, items: readonly Json[]): boolean => {
    const twins = asked ? firstTwins(items, spend) : undefined;
    if (twins !== undefined) {
      const [j, i] = twins;
      const message = `must NOT have duplicate items (items ## ${j} and ${i} are identical)`;
      validate.errors = [{ keyword: "uniqueItems", params: { i, j }, message }];
    }
    return twins === undefined;
  };
  validate.errors = [] as Partial<ErrorObject>[];
  return { keyword: "uniqueItems", type: "array", schemaType: "boolean", errors: true, validate };
}

/** Where an item stands, and where the first one that equals it stands again. */
function firstTwins(items: readonly Json[], spend: CostBudget["spend"]): readonly [number, number] | undefined {
  const seen = new Map<Json, number>();
  for (let at = 0; at < items.length; at += 1) {
    const key = keyOf(items[at] ?? null);
    spend(typeof key === "string" ? 1 + key.length / LETTERS : 1);
    const before = seen.get(key);
    if (before !== undefined) {
      return [before, at];
    }
    seen.set(key, at);
  }
  return undefined;
}

/**
 * The same for equal items only (JSON Schema 2020-12, core, 4.2.2): a number, true, false and null stand for themselves,
 * everything else for a text that no two of them share. 0 and -0 are one number.
 */
function keyOf(item: Json): Json {
  return typeof item === "object" && item !== null ? textOf(item) : typeof item === "string" ? `"${item}` : item;
}

function textOf(value: Json): string {
  if (Array.isArray(value)) {
    return `[${(value as readonly Json[]).map(textOf).join(",")}]`;
  }
  if (isJsonObject(value)) {
    const members = Object.keys(value).sort();
    return `{${members.map((name) => `${JSON.stringify(name)}:${textOf(value[name] ?? null)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
