import type { Command } from "commander";
import { jsonLine, type Cli } from "./cli.ts";
import { withRunAtDesk } from "./open-desk.ts";
import { formatOf, withGlobals } from "./options.ts";
import type { DeskOptions } from "./run-desk.ts";
import { withServer } from "./server-options.ts";

/** `packrun evidence snapshot RUN`. */
export function defineSnapshot(group: Command, cli: Cli, done: (code: number) => void): void {
  withServer(
    withGlobals(group.command("snapshot <run>").description("sign and keep a manifest of a run that still goes on")),
  )
    .addHelpText(
      "after",
      "\nIt is never verified as evidence; it says which bytes were there.\nExample: packrun evidence snapshot last",
    )
    .action(async (run: string, options: DeskOptions) => {
      const code = await withRunAtDesk(cli, options, run, async (runId, desk) => {
        const taken = await desk.snapshot(runId);
        if (!taken.ok) {
          return cli.fault(taken.fault, formatOf(options));
        }
        const { manifestDigest } = taken.value;
        cli.out(
          formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, runId, manifestDigest }) : `${manifestDigest}\n`,
        );
        return 0;
      });
      done(code);
    });
}
