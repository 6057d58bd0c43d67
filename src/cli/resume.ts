import { resumeRun } from "#app/resume-run.ts";
import type { Workplace } from "#app/workplace.ts";
import type { RunKey } from "#port/run-store.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import {
  favourMemory,
  interruptible,
  parallelOf,
  readReferences,
  withDriveOptions,
  type DriveOptions,
} from "./drive-options.ts";
import { formatOf, withGlobals } from "./options.ts";
import { showProgress } from "./progress.ts";
import { showRunEnd } from "./run-end.ts";
import { withRun } from "./runs.ts";

/** `packrun resume RUN`. */
export const resume: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("resume <run>").description("go on with a run that waits or was interrupted");
    withDriveOptions(withGlobals(command, ["text", "json", "ndjson"]))
      .addHelpText("after", "\nSecrets are given again: they are never stored.\nExample: packrun resume last")
      .action(async (text: string, options: DriveOptions) => {
        favourMemory();
        done(await withRun(cli, options, text, (key, workplace) => resumeIt(cli, key, options, workplace)));
      });
  },
};

async function resumeIt(cli: Cli, key: RunKey, options: DriveOptions, workplace: Workplace): Promise<number> {
  const references = await readReferences(options.secret);
  if (!references.ok) {
    return cli.fault(references.fault, formatOf(options));
  }
  const { stop, ...signals } = interruptible(cli);
  const progress = showProgress(cli);
  const { evidence } = options;
  try {
    const order = {
      references: references.value,
      maxParallel: parallelOf(options),
      wait: options.wait !== false,
      ...signals,
      ...(evidence === undefined ? {} : { evidence }),
      onEvents: (events: Parameters<typeof progress.events>[0]): void => {
        progress.events(events);
        if (formatOf(options) === "ndjson") {
          events.forEach((event) => cli.out(jsonLine(event)));
        }
      },
    };
    const ended = await resumeRun(key, order, workplace);
    progress.close();
    return ended.ok
      ? await showRunEnd(cli, ended.value, options, workplace, signals.cancel?.reason)
      : cli.fault(ended.fault, formatOf(options));
  } finally {
    progress.close();
    stop();
  }
}
