import type { Command } from "commander";
import { takeSnapshot } from "#app/incident.ts";
import { jsonLine, type Cli, type GlobalOptions } from "./cli.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withRun } from "./runs.ts";

/** `packrun evidence snapshot RUN`. */
export function defineSnapshot(group: Command, cli: Cli, done: (code: number) => void): void {
  withGlobals(group.command("snapshot <run>").description("sign and keep a manifest of a run that still goes on"))
    .addHelpText(
      "after",
      "\nIt is never verified as evidence; it says which bytes were there.\nExample: packrun evidence snapshot last",
    )
    .action(async (run: string, options: GlobalOptions) => {
      const code = await withRun(cli, options, run, async (key, workplace) => {
        const taken = await takeSnapshot(key, workplace);
        if (!taken.ok) {
          return cli.fault(taken.fault, formatOf(options));
        }
        const { manifestDigest } = taken.value;
        const { runId } = key;
        cli.out(
          formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, runId, manifestDigest }) : `${manifestDigest}\n`,
        );
        return 0;
      });
      done(code);
    });
}
