import type { Fault, FaultData } from "#fault/fault.ts";
import { diagnosticOf } from "#fault/code-table.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import { nearestName } from "#fault/did-you-mean.ts";
import type { PackPath } from "#pack/pack.ts";
import { packCodes, type PackCode } from "#pack/codes.ts";
import type { PackSource } from "#pack/pack-source.ts";
import { planCodes, type PlanCode } from "./codes.ts";
import type { ExpressionProblem } from "./expression-problem.ts";

/** Collects what compiling a pack finds. Places are looked up only for findings. */
export type PlanFindings = {
  readonly add: (
    code: PackCode | PlanCode,
    data: FaultData,
    at: { readonly path: PackPath; readonly part: "key" | "value" },
    hint?: string,
  ) => void;
  /** A problem of an expression whose source begins `offset` units behind the start of the string at `path`. */
  readonly addProblem: (problem: ExpressionProblem, path: PackPath, offset: number) => void;
  /** What another room says is wrong. */
  readonly addFault: (fault: Fault, at: { readonly path: PackPath; readonly part: "key" | "value" }) => void;
  /** The name that was meant, until this pack's share of comparisons is used up. */
  readonly nearest: (name: string, known: Iterable<string>) => string | undefined;
  readonly all: () => readonly Diagnostic[];
};

/** Comparisons of names that all hints of one pack may cost together. */
const COMPARISONS = 200_000;
/** Problems of one string that are told: where each stands in the text costs as much as the string is long. */
const MOST_PROBLEMS = 100;

export function planFindings(source: PackSource): PlanFindings {
  const found = new Map<string, Diagnostic>();
  const told = new Map<string, number>();
  let comparisons = 0;
  const keep = (diagnostic: Diagnostic): void => {
    const { start } = diagnostic.range ?? { start: { line: 0, column: 0 } };
    // A policy is checked for every gate that uses it, and says what is wrong with it once.
    found.set(`${start.line}:${start.column}:${diagnostic.code}:${diagnostic.message}`, diagnostic);
  };
  return {
    add: (code, data, at, hint) => {
      const place = { file: source.file, range: source.range(at.path, at.part) };
      keep(diagnosticOf({ ...packCodes, ...planCodes }, code, data, hint === undefined ? place : { ...place, hint }));
    },
    addProblem: ({ code, data, start, end, hint }, path, offset) => {
      const string = JSON.stringify(path);
      const before = told.get(string) ?? 0;
      if (before === MOST_PROBLEMS) {
        return;
      }
      told.set(string, before + 1);
      const place = { file: source.file, range: source.offsetRange(path, offset + start, offset + end) };
      keep(diagnosticOf(planCodes, code, data, hint === undefined ? place : { ...place, hint }));
    },
    addFault: ({ code, message, hint }, at) => {
      const place = { file: source.file, range: source.range(at.path, at.part) };
      keep({ code, severity: "error", message, ...(hint === undefined ? {} : { hint }), ...place });
    },
    nearest: (name, known) => {
      if (comparisons > COMPARISONS) {
        return undefined;
      }
      const names = [...known];
      comparisons += names.length;
      return nearestName(name, names);
    },
    all: () => [...found.values()],
  };
}
