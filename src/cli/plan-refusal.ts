import type { PlanRefusal } from "#app/plan-refusal.ts";
import { jsonLine, type Cli, type GlobalOptions } from "./cli.ts";
import { diagnosticJson } from "./diagnostic-json.ts";
import { diagnosticsExitCode } from "./exit-code.ts";
import { formatOf } from "./options.ts";

/** Shows why there is no plan; the exit code. */
export function showRefusal(cli: Cli, refusal: PlanRefusal, options: GlobalOptions): number {
  if (refusal.kind === "fault") {
    return cli.fault(refusal.fault, formatOf(options));
  }
  const { diagnostics, file, text } = refusal;
  if (formatOf(options) === "json") {
    cli.out(jsonLine({ schemaVersion: 1, diagnostics: diagnostics.map(diagnosticJson) }));
    return diagnosticsExitCode(diagnostics);
  }
  return cli.diagnostics(diagnostics, (name) => (name === file ? text : undefined));
}
