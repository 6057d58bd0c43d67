import type { Diagnostic } from "#fault/diagnostic.ts";
import { codeEntry } from "./explained-codes.ts";

const FINDINGS = 3;

/** The exit code of findings: 3 where one of the errors has it, whatever stands beside it; else that of the first. */
export function diagnosticsExitCode(found: readonly Diagnostic[]): number {
  const codes = found.flatMap(({ code, severity }) => (severity === "error" ? [codeEntry(code).exitCode] : []));
  return codes.includes(FINDINGS) ? FINDINGS : (codes[0] ?? 0);
}

/** The exit code of a run's end: succeeded 0, cancelled 130, failed by its reason. */
export function runExitCode(status: string, reason: string | undefined): number {
  switch (status) {
    case "succeeded":
      return 0;
    case "cancelled":
      return 130;
    case "waiting":
      return 4;
    default:
      return reason === undefined ? 1 : codeEntry(reason).exitCode;
  }
}
