import { resumeRun } from "#app/resume-run.ts";
import type { CommandFile } from "./cli.ts";
import { driveCommand } from "./drive-command.ts";
import { withDriveOptions, type DriveOptions } from "./drive-options.ts";
import { formatOf, withGlobals } from "./options.ts";
import { enterOwnScope } from "./own-scope.ts";
import { withRun } from "./runs.ts";
import { serverOf, withServer, type ServerOptions } from "./server-options.ts";
import { saveMemory } from "./small-heap.ts";

/** `packrun resume RUN`. */
export const resume: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("resume <run>").description("go on with a run that waits or was interrupted");
    withServer(withDriveOptions(withGlobals(command, ["text", "json", "ndjson"])))
      .addHelpText("after", "\nSecrets are given again: they are never stored.\nExample: packrun resume last")
      .action(async (text: string, options: DriveOptions & ServerOptions) => {
        const access = await serverOf(cli, options);
        if (!access.ok) {
          done(cli.fault(access.fault, formatOf(options)));
          return;
        }
        if (access.value !== undefined) {
          const { resumeAtServer } = await import("./server-run.ts");
          done(await resumeAtServer(cli, text, options, access.value));
          return;
        }
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
