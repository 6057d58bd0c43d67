import type { Json } from "#canon/json.ts";
import type { Doubts } from "#pack/doubts.ts";
import type { PackPath } from "#pack/pack.ts";
import { celProgram, type CelProgram } from "./cel-program.ts";
import { checkExpression, type Checked } from "./check-expression.ts";
import type { Scope } from "./expression-check.ts";
import { runProgram, type EvaluationProblem } from "./evaluate-expression.ts";
import type { ExpressionProblem } from "./expression-problem.ts";
import type { KnownValues } from "./known-values.ts";
import { mentionsDoubtful } from "./mentions-doubtful.ts";
import type { PlanFindings } from "./plan-findings.ts";
import type { Viewer } from "./step-order.ts";
import type { Scopes } from "./step-scope.ts";
import type { TemplateExpression } from "./template-text.ts";

/** Where a string of the pack stands, and who looks from there. */
export type Place = { readonly path: () => PackPath; readonly viewer: Viewer };

/** A sound expression of a string. `value`: its result, where it depends on inputs and pack alone. */
export type ReadExpression = {
  readonly expression: TemplateExpression;
  readonly type: Checked["type"];
  readonly value: { readonly known: false } | { readonly known: true; readonly json: Json };
};

export type ExpressionReader = {
  /** Undefined when something is wrong with it, which is then among the findings. */
  readonly read: (expression: TemplateExpression, place: Place) => ReadExpression | undefined;
  /** Says that an expression gives something else than its place takes. */
  readonly refuse: (expression: TemplateExpression, why: Refusal, place: Place) => void;
};

type Refusal = { readonly expected: string; readonly found: string; readonly hint?: string };

export type ReaderSource = {
  readonly scopes: Scopes;
  readonly findings: PlanFindings;
  readonly known: KnownValues;
  readonly doubts: Doubts;
};

type Folded = { readonly checked: Checked; readonly result: ReturnType<typeof runProgram> | undefined };

/** Reads the expressions of one pack. What sees only inputs and pack is checked and evaluated once for each source. */
export function expressionReader({ scopes, findings, known, doubts }: ReaderSource): ExpressionReader {
  const folded = new Map<CelProgram, Folded>();
  let last: { readonly viewer: Viewer; readonly scope: Scope } | undefined;
  const check = (program: CelProgram, viewer: Viewer): Checked => {
    last = last?.viewer === viewer ? last : { viewer, scope: scopes.of(viewer) };
    return checkExpression(program, last.scope);
  };
  const fold = (program: CelProgram, viewer: Viewer): Folded => {
    const before = folded.get(program);
    if (before !== undefined) {
      return before;
    }
    const checked = check(program, viewer);
    const made = {
      checked,
      result: checked.problems.length === 0 ? runProgram(program, () => known.values) : undefined,
    };
    folded.set(program, made);
    return made;
  };
  const read: ExpressionReader["read"] = (expression, { path, viewer }) => {
    const program = parse(expression);
    const report = (problems: readonly ExpressionProblem[]): undefined => {
      if (!mentionsDoubtful(expression.source, doubts)) {
        problems.forEach((problem) => findings.addProblem(problem, path(), expression.offset));
      }
    };
    if (!program.ok) {
      return report(program.fault);
    }
    const { checked, result } = known.covers(program.value.roots)
      ? fold(program.value, viewer)
      : { checked: check(program.value, viewer), result: undefined };
    const problems = result?.ok === false ? [withHint(result.fault)] : checked.problems;
    if (problems.length > 0) {
      return report(problems);
    }
    const value = result?.ok === true ? { known: true as const, json: result.value } : { known: false as const };
    return { expression, type: checked.type, value };
  };
  const refuse: ExpressionReader["refuse"] = ({ source, offset }, { expected, found, ...hint }, { path }) => {
    const problem = { code: "EXPR_TYPE", data: { expected, found }, start: 0, end: source.length, ...hint } as const;
    findings.addProblem(problem, path(), offset);
  };
  return { read, refuse };
}

function parse({ source, closed }: TemplateExpression): ReturnType<typeof celProgram> {
  if (closed) {
    return celProgram(source);
  }
  const problem = "the expression has no end: }} is missing";
  const hint = "where a quote inside it ended the YAML text, put the whole text in '…' and write \" inside";
  return { ok: false, fault: [{ code: "EXPR_SYNTAX", data: { problem }, start: 0, end: source.length, hint }] };
}

/** An input without a value can be given one. */
function withHint(problem: EvaluationProblem): EvaluationProblem & { readonly hint?: string } {
  const name =
    problem.code === "EXPR_ABSENT"
      ? /^inputs\.([a-z][A-Za-z0-9_]*)/.exec(String(problem.data["name"]))?.[1]
      : undefined;
  return name === undefined
    ? problem
    : { ...problem, hint: `give input "${name}", give it a default, or guard it with has(inputs.${name})` };
}
