import { jsonLine, type CommandFile } from "./cli.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withRunAtDesk } from "./open-desk.ts";
import type { DeskOptions } from "./run-desk.ts";
import { withServer } from "./server-options.ts";

/** `packrun cancel RUN`. */
export const cancel: CommandFile = {
  define: (program, cli, done) => {
    const command = program
      .command("cancel <run>")
      .description("cancel a run: its steps are ended, then `finally` runs");
    withServer(withGlobals(command))
      .option("--reason <text>", "why, for the ledger")
      .addHelpText("after", "\nExample: packrun cancel last --reason 'wrong channel'")
      .action(async (text: string, options: DeskOptions & { reason?: string }) => {
        const code = await withRunAtDesk(cli, options, text, async (runId, desk) => {
          const cancelled = await desk.cancel(runId, options.reason);
          if (!cancelled.ok) {
            return cli.fault(cancelled.fault, formatOf(options));
          }
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
