import { array, described, integer, object, string, type Infer } from "#canon/shape.ts";
import { pointerOf, type Misfit } from "#canon/shape.ts";
import { IN_REQUEST, type PlanRefusal } from "#app/plan-refusal.ts";
import type { Fault } from "#fault/fault.ts";
import { serverHint } from "./server-hint.ts";
import { statusOf } from "./status-table.ts";

/** Where pages about problems stand: the same texts as `packrun explain CODE` shows. */
const PAGES = "https://packrun.dev/problems/";

/** What fails within the server is told by its code; folders, addresses and names of the host stand in its log alone. */
const OWN_TROUBLE = "the server cannot do this now; its log says more under the id of this request";

/** RFC 9457, with packrun's code, hint and findings. */
export const problemShape = object(
  {
    type: described("A page about this code.", string()),
    title: described("The code in words.", string()),
    status: integer({ min: 400, max: 599 }),
    detail: string(),
    code: described("As the command line has it; `packrun explain CODE` says more.", string()),
    instance: described("This request, as the server's log names it.", string()),
  },
  {
    hint: described("What to do about it.", string()),
    errors: array(
      object(
        {
          pointer: described(
            "JSON pointer (RFC 6901) into the body, or the name of a parameter behind a slash; empty for the whole, and for findings in a pack.",
            string(),
          ),
          message: described("What is wrong; for a finding in a pack behind `file:line:column`.", string()),
        },
        { code: string() },
      ),
    ),
  },
);
export type Problem = Infer<typeof problemShape>;

/** Why a request is refused: a fault, with findings where there are several. */
export type Refusal = { readonly fault: Fault; readonly errors?: Problem["errors"] };

export function problemOf({ fault, errors }: Refusal, requestId: string): Problem {
  const { code, message, hint } = fault;
  const status = statusOf(code);
  const shown = status >= 500 ? serverHint(code) : hint;
  return {
    type: `${PAGES}${code}`,
    title: titleOf(code),
    status,
    detail: status >= 500 ? OWN_TROUBLE : message,
    code,
    ...(shown === undefined ? {} : { hint: shown }),
    ...(errors === undefined ? {} : { errors }),
    instance: `urn:uuid:${requestId}`,
  };
}

/** `RUN_UNKNOWN` as `Run unknown`. */
function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll("_", " ");
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
}

/** Findings that one answer tells, and letters of a name that the sender chose: no answer is much larger than its request. */
const MOST_ERRORS = 50;
const MOST_LETTERS = 200;

export function errorsOf(misfits: readonly Misfit[]): NonNullable<Problem["errors"]> {
  return misfits.slice(0, MOST_ERRORS).map((misfit) => ({
    pointer: pointerOf(misfit.path).slice(0, MOST_LETTERS),
    message: wordsOf(misfit).slice(0, MOST_LETTERS),
  }));
}

function wordsOf({ problem, expected, found }: Misfit): string {
  switch (problem) {
    case "unknown":
      return `unknown member "${found}"`;
    case "missing":
      return `member "${found}" is missing`;
    case "type":
    case "value":
      return `expected ${expected}`;
  }
}

/** A refused plan: its first error is the problem, all findings are its `errors`. */
export function refusalOf(refusal: PlanRefusal): Refusal {
  if (refusal.kind === "fault") {
    return { fault: refusal.fault };
  }
  const { diagnostics } = refusal;
  const first = diagnostics.find(({ severity }) => severity === "error") ?? diagnostics[0];
  if (first === undefined) {
    throw new Error("a plan was refused without a finding");
  }
  const { code, message, hint } = first;
  return {
    fault: { code, message, ...(hint === undefined ? {} : { hint }) },
    errors: diagnostics.map((found) => ({
      pointer: found.file.startsWith(IN_REQUEST) ? found.file.slice(IN_REQUEST.length) : "",
      message: `${placeOf(found.file, found.range)}${found.message}`,
      code: found.code,
    })),
  };
}

/** Findings in a pack stand at a line of a file, which no JSON pointer names: it is said first. */
function placeOf(
  file: string,
  range: { readonly start: { readonly line: number; readonly column: number } } | undefined,
): string {
  return range === undefined ? "" : `${file}:${range.start.line}:${range.start.column} `;
}
