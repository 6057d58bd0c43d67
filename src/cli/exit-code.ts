import type { Diagnostic } from "#fault/diagnostic.ts";
import { codeEntry } from "./explained-codes.ts";

/** The exit code of findings: that of the first error; warnings alone are 0. */
export function diagnosticsExitCode(found: readonly Diagnostic[]): number {
  const error = found.find((diagnostic) => diagnostic.severity === "error");
  return error === undefined ? 0 : codeEntry(error.code).exitCode;
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
