import { cancelRun } from "#app/cancel-run.ts";
import { jsonLine, type CommandFile, type GlobalOptions } from "./cli.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withRun } from "./runs.ts";

/** `packrun cancel RUN`. */
export const cancel: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("cancel <run>").description("cancel a run: its steps are ended, then `finally` runs"))
      .option("--reason <text>", "why, for the ledger")
      .addHelpText("after", "\nExample: packrun cancel last --reason 'wrong channel'")
      .action(async (text: string, options: GlobalOptions & { reason?: string }) => {
        const code = await withRun(cli, options, text, async (key, workplace) => {
          const cancelled = await cancelRun(key, options.reason, workplace);
          if (!cancelled.ok) {
            return cli.fault(cancelled.fault, formatOf(options));
          }
          const { runId } = key;
          const { status } = cancelled.value;
          cli.out(
            formatOf(options) === "json" ? jsonLine({ schemaVersion: 1, runId, status }) : `${runId} ${status}\n`,
          );
          return 0;
        });
        done(code);
      });
  },
};
