import { RE2JS } from "re2js";

/**
 * How `pattern` and `patternProperties` of a pack's schemas are matched: by RE2, in time linear in the text, for JavaScript's
 * own expressions can take time exponential in it. Lookarounds, backreferences and counts above 1,000 are no part of RE2 (its
 * syntax: https://github.com/google/re2/wiki/Syntax); a schema that has them is refused. `spend` is told what a match may cost.
 * `code` is only for schemas that are written out as source text, which none is here.
 */
export function linearPattern(spend: (steps: number) => void): {
  (pattern: string): { readonly test: (text: string) => boolean; readonly toString: () => string };
  readonly code: string;
} {
  const compile = (pattern: string): { readonly test: (text: string) => boolean; readonly toString: () => string } => {
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    const parts = 1 + compiled.programSize() / SIZE;
    const test = (text: string): boolean => {
      spend(1 + (text.length / LETTERS) * parts);
      return compiled.test(text);
    };
    // ajv tells patterns apart by their text.
    return { test, toString: () => `/${pattern}/` };
  };
  return Object.assign(compile, { code: "" });
}

/** Letters, and instructions of a compiled pattern, that are one step. */
const LETTERS = 16;
const SIZE = 16;
