import { compareRuns } from "#app/compare-runs.ts";
import type { ReadState } from "#app/read-run.ts";
import { runDiffText } from "#view/run-diff-text.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import { withDesk } from "./open-desk.ts";
import { formatOf, withGlobals } from "./options.ts";
import type { DeskOptions, RunDesk } from "./run-desk.ts";
import { withServer } from "./server-options.ts";

const DIFFERS = 20;

type DiffOptions = DeskOptions & { readonly detailedExitcode?: boolean };

/** `packrun diff RUN RUN`. */
export const diff: CommandFile = {
  define: (program, cli, done) => {
    withServer(withGlobals(program.command("diff <before> <after>").description("hold two runs side by side")))
      .option("--detailed-exitcode", "exit code 20 when they differ in more than time")
      .addHelpText(
        "after",
        "\nCompares plan, inputs, steps, outputs, times and decisions. A run is an id, the beginning of one, or last.\n" +
          "Exit codes: 0 compared, 2 usage, 20 differs.\n" +
          "Example: packrun diff 01987c last",
      )
      .action(async (before: string, after: string, options: DiffOptions) => {
        done(await withDesk(cli, options, (desk) => compare(cli, before, after, options, desk)));
      });
  },
};

async function compare(cli: Cli, before: string, after: string, options: DiffOptions, desk: RunDesk): Promise<number> {
  const format = formatOf(options);
  const compared = await compareRuns(readNamed(before, desk), readNamed(after, desk));
  if (!compared.ok) {
    return cli.fault(compared.fault, format);
  }
  cli.out(format === "json" ? jsonLine({ schemaVersion: 1, ...compared.value }) : runDiffText(compared.value));
  return options.detailedExitcode === true && compared.value.differs ? DIFFERS : 0;
}

/** Reads the run that a person names. */
function readNamed(text: string, desk: RunDesk): ReadState {
  return async (seen) => {
    const runId = await desk.find(text);
    return runId.ok ? desk.fold(runId.value)(seen) : runId;
  };
}
