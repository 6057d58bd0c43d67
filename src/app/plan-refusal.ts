import { sortDiagnostics, type Diagnostic } from "#fault/diagnostic.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, type Result } from "#fault/result.ts";

/** Why there is no plan: one thing that kept it from being looked at, or everything that is wrong with it. */
export type PlanRefusal =
  | { readonly kind: "fault"; readonly fault: Fault }
  | {
      readonly kind: "findings";
      readonly diagnostics: readonly Diagnostic[];
      /** The file whose text may be shown beside findings in it. */
      readonly file: string;
      readonly text: string | undefined;
    };

/** The file of findings in `-i` arguments, whose text is never shown. */
export const IN_ARGUMENTS = "command line";

/** The file of findings in the body of a request: this, and a JSON pointer into it. */
export const IN_REQUEST = "request#";

export function refusedBy(fault: Fault): Result<never, PlanRefusal> {
  return fail({ kind: "fault", fault });
}

export function refusedFor(
  diagnostics: readonly Diagnostic[],
  file: string,
  text: string | undefined,
): Result<never, PlanRefusal> {
  return fail({ kind: "findings", diagnostics, file, text });
}

/** All that is wrong: what kept something from being looked at is a finding beside others, and alone what it is. */
export function allRefused(
  refusals: readonly PlanRefusal[],
  found: readonly Diagnostic[],
  file: string,
  text: string | undefined,
): Result<never, PlanRefusal> {
  const [only] = refusals;
  if (only !== undefined && refusals.length === 1 && found.length === 0) {
    return fail(only);
  }
  const others = refusals.flatMap((each) => (each.kind === "fault" ? [findingOf(each.fault)] : each.diagnostics));
  return refusedFor(sortDiagnostics([...found, ...others]), file, text);
}

function findingOf({ code, message, hint }: Fault): Diagnostic {
  return { code, severity: "error", message, ...(hint === undefined ? {} : { hint }), file: IN_ARGUMENTS };
}

/** What a planner answers; what kept it from answering is a refusal like any other. */
export function orRefused<T>(asked: Result<Result<T, PlanRefusal>>): Result<T, PlanRefusal> {
  return asked.ok ? asked.value : refusedBy(asked.fault);
}
