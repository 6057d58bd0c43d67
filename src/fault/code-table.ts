import type { Diagnostic, Severity } from "./diagnostic.ts";
import type { Fault, FaultData } from "./fault.ts";
import type { Place, Range } from "./place.ts";

/**
 * One code: what `explain` prints and what every fault with this code says.
 * `message` and `hint` are templates; `{name}` stands for a member of the fault's data.
 */
export type CodeEntry = {
  readonly severity: Severity;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string;
  readonly explanation: { readonly cause: string; readonly example: string; readonly fix: string };
};

export type CodeTable<Code extends string = string> = Readonly<Record<Code, CodeEntry>>;

/** Keeps the codes of a table as literal types. Codes are never renamed or reused. */
export function codeTable<const T extends Readonly<Record<string, CodeEntry>>>(table: T): T {
  return table;
}

/** Makes the fault that a table describes for `code`. `hint` replaces the table's own where the case knows better. */
export function faultOf<Code extends string>(
  table: CodeTable<Code>,
  code: Code,
  data: FaultData = {},
  more: { readonly place?: Place; readonly hint?: string } = {},
): Fault<Code> {
  const entry = table[code];
  const fault = { code, message: fillIn(entry.message, data), hint: more.hint ?? fillIn(entry.hint, data), data };
  return more.place === undefined ? fault : { ...fault, place: more.place };
}

/** The same for a diagnostic: a fault with a severity and a place in a source text. */
export function diagnosticOf<Code extends string>(
  table: CodeTable<Code>,
  code: Code,
  data: FaultData,
  at: { readonly file: string; readonly range?: Range; readonly hint?: string; readonly fix?: string },
): Diagnostic<Code> {
  const entry = table[code];
  const found = {
    code,
    severity: entry.severity,
    message: fillIn(entry.message, data),
    hint: at.hint ?? fillIn(entry.hint, data),
    file: at.file,
    ...(at.range === undefined ? {} : { range: at.range }),
    ...(at.fix === undefined ? {} : { fix: at.fix }),
  };
  return found;
}

function fillIn(template: string, data: FaultData): string {
  return template.replaceAll(/\{([a-zA-Z]+)\}/g, (whole, name: string) => {
    const value = data[name];
    return value === undefined ? whole : String(value);
  });
}
