import type { Diagnostic } from "#fault/diagnostic.ts";
import { lineIndex } from "./line-index.ts";

/** The text with every fix of these findings in it, and how many those were. Of fixes that overlap the first is made. */
export function applyFixes(
  text: string,
  found: readonly Diagnostic[],
): { readonly text: string; readonly applied: number } {
  const lines = lineIndex(text);
  const fixes = found
    .flatMap(({ range, fix }) =>
      range === undefined || fix === undefined
        ? []
        : [{ start: lines.offset(range.start), end: lines.offset(range.end), fix }],
    )
    .sort((a, b) => a.start - b.start);
  const parts: string[] = [];
  let done = 0;
  let applied = 0;
  for (const { start, end, fix } of fixes) {
    if (start >= done && end <= text.length) {
      parts.push(text.slice(done, start), fix);
      done = end;
      applied += 1;
    }
  }
  return { text: parts.join("") + text.slice(done), applied };
}
