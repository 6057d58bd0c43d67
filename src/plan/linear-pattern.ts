import { RE2JS } from "re2js";

/**
 * How `pattern` and `patternProperties` of a pack's schemas are matched: by RE2, in time linear in the text, for JavaScript's
 * own expressions can take time exponential in it. Lookarounds, backreferences and counts above 1,000 are no part of RE2 (its
 * syntax: https://github.com/google/re2/wiki/Syntax); a schema that has them is refused. `code` is only for schemas that are
 * written out as source text, which none is here.
 */
export const linearPattern = Object.assign(
  (pattern: string): { readonly test: (text: string) => boolean; readonly toString: () => string } => {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    // ajv tells patterns apart by their text.
    return { test: (text) => compiled.test(text), toString: () => `/${pattern}/` };
  },
  { code: "" },
);
