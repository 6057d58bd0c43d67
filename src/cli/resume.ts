import { resumeRun } from "#app/resume-run.ts";
import type { CommandFile } from "./cli.ts";
import { driveCommand } from "./drive-command.ts";
import { withDriveOptions, type DriveOptions } from "./drive-options.ts";
import { withGlobals } from "./options.ts";
import { enterOwnScope } from "./own-scope.ts";
import { withRun } from "./runs.ts";
import { saveMemory } from "./small-heap.ts";

/** `packrun resume RUN`. */
export const resume: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("resume <run>").description("go on with a run that waits or was interrupted");
    withDriveOptions(withGlobals(command, ["text", "json", "ndjson"]))
      .addHelpText("after", "\nSecrets are given again: they are never stored.\nExample: packrun resume last")
      .action(async (text: string, options: DriveOptions) => {
        await enterOwnScope();
        saveMemory();
        const code = await withRun(cli, options, text, (key, workplace) =>
          driveCommand(cli, options, workplace, (order, named) => {
            named(key.runId);
            return resumeRun(key, order, workplace);
          }),
        );
        done(code);
      });
  },
};
