import type { Range } from "./place.ts";

export type Severity = "error" | "warning" | "info";

/** A finding in a source text. Findings are collected, sorted by place and reported together. */
export type Diagnostic<Code extends string = string> = {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly hint?: string;
  readonly file: string;
  readonly range?: Range;
  /** What mends it in place of the range; only where nothing has to be decided. */
  readonly fix?: string;
  readonly related?: readonly { readonly message: string; readonly file: string; readonly range?: Range }[];
};

/** Order of reports: file, then place, then code; findings without a place come first in their file. */
export function sortDiagnostics<D extends Diagnostic>(found: readonly D[]): readonly D[] {
  return found.toSorted(
    (a, b) =>
      compare(a.file, b.file) ||
      (a.range?.start.line ?? 0) - (b.range?.start.line ?? 0) ||
      (a.range?.start.column ?? 0) - (b.range?.start.column ?? 0) ||
      compare(a.code, b.code) ||
      compare(a.message, b.message),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
