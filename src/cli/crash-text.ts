import type { Cli } from "./cli.ts";
import { withNextSteps } from "./next-step.ts";
import { visibleEntry } from "./visible-entry.ts";

/** What was being done when a bug showed. */
export type Crash = {
  /** The command by its name, as `runs show`, without what it was given: that may be secret. */
  readonly command: string;
  /** The run that it works on, once that is known. */
  readonly runId: string | undefined;
  /** Without secrets. */
  readonly message: string;
};

/** A bug, for whoever has to go on all the same: what was being done, and that nothing recorded is lost. */
export function crashText(cli: Pick<Cli, "where" | "env">, { command, runId, message }: Crash): string {
  const next =
    runId === undefined ? "`packrun runs list` shows what can be resumed" : `\`packrun resume ${runId}\` goes on`;
  const about = runId === undefined ? "" : `, run ${runId}`;
  const help = withNextSteps(cli, `the ledger is intact; ${next}`);
  return [
    `packrun: internal error: ${visibleEntry(message)}\n`,
    `  = help: ${help}. PACKRUN_DEBUG=1 shows where this happened.\n`,
    `  = while: packrun ${visibleEntry(command)}${about}\n`,
  ].join("");
}
