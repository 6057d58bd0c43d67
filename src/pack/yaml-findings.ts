import { diagnosticOf } from "#fault/code-table.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { FaultData } from "#fault/fault.ts";
import type { LineIndex } from "./line-index.ts";
import { yamlCodes } from "./yaml-codes.ts";

/** One finding of the reader, with the stretch of text that it is about. */
export type YamlFinding = {
  readonly code: keyof typeof yamlCodes;
  readonly data: FaultData;
  readonly start: number;
  readonly end: number;
  readonly hint?: string;
  /** Where the first of two equal keys stands. */
  readonly first?: { readonly start: number; readonly end: number };
};

/** Nobody reads more findings of one kind than this, and a small text can have millions. */
export const MOST_OF_ONE_KIND = 1000;

/** The findings as they are shown: the first of each code, of which the last says how many there are beside them. */
export function diagnosticsOf(findings: readonly YamlFinding[], file: string, lines: LineIndex): readonly Diagnostic[] {
  const counts = new Map<string, number>();
  const shown: { readonly finding: YamlFinding; readonly count: number }[] = [];
  for (const finding of findings) {
    const count = (counts.get(finding.code) ?? 0) + 1;
    counts.set(finding.code, count);
    if (count <= MOST_OF_ONE_KIND) {
      shown.push({ finding, count });
    }
  }
  return shown.map(({ finding, count }) => {
    const more = count === MOST_OF_ONE_KIND ? (counts.get(finding.code) ?? 0) - count : 0;
    const made = diagnosticFrom(finding, file, lines);
    return more === 0 ? made : { ...made, message: `${made.message} (and ${more} more of this kind)` };
  });
}

function diagnosticFrom(
  { code, data, start, end, hint, first }: YamlFinding,
  file: string,
  lines: LineIndex,
): Diagnostic {
  const at = { file, range: lines.range(start, end), ...(hint === undefined ? {} : { hint }) };
  const made = diagnosticOf(yamlCodes, code, data, at);
  if (first === undefined) {
    return made;
  }
  const range = lines.range(first.start, first.end);
  return { ...made, related: [{ message: "the first one stands here", file, range }] };
}
