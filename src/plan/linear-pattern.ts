import { RE2JS } from "re2js";
import { LETTERS, type CostBudget } from "./cost-budget.ts";

type Pattern = { readonly test: (text: string) => boolean; readonly toString: () => string };
/** Instructions of a compiled pattern that cost as much as one. */
const INSTRUCTIONS = 16;

/**
 * How `pattern` and `patternProperties` of a pack's schemas are matched: by RE2, in time linear in the text, for JavaScript's
 * own expressions can take time exponential in it. Lookarounds, backreferences and counts above 1,000 are no part of RE2 (its
 * syntax: https://github.com/google/re2/wiki/Syntax); a schema that has them is refused. What a match may cost is spent.
 * `code` is only for schemas that are written out as source text, which none is here.
 */
export function linearPattern(spend: CostBudget["spend"]): { (pattern: string): Pattern; readonly code: string } {
  const compile = (pattern: string): Pattern => {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    const parts = 1 + compiled.programSize() / INSTRUCTIONS;
    const test = (text: string): boolean => {
      spend(1 + (text.length / LETTERS) * parts);
      return compiled.test(text);
    };
    // ajv tells patterns apart by their text.
    return { test, toString: () => `/${pattern}/` };
  };
  return Object.assign(compile, { code: "" });
}
