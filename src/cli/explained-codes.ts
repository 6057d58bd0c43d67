import { readFileSync } from "node:fs";

/** An entry of `schemas/codes.json`, which is made from the code tables of all rooms. */
export type ExplainedCode = {
  readonly severity: string;
  readonly exitCode: number;
  readonly message: string;
  readonly hint: string;
  readonly explanation: string;
};

let table: Readonly<Record<string, ExplainedCode>> | undefined;

/** Every code with what it means. */
export function explainedCodes(): Readonly<Record<string, ExplainedCode>> {
  table ??= JSON.parse(readFileSync(new URL("../../schemas/codes.json", import.meta.url), "utf8")) as typeof table;
  return table ?? {};
}

/** The entry of a code; a code of no table is a bug, reported as a failed run. */
export function codeEntry(code: string): ExplainedCode {
  const codes = explainedCodes();
  const entry = Object.hasOwn(codes, code) ? codes[code] : undefined;
  return entry ?? { severity: "error", exitCode: 1, message: code, hint: "", explanation: "" };
}
