import { compareRuns } from "#app/compare-runs.ts";
import type { Workplace } from "#app/workplace.ts";
import { runDiffText } from "#view/run-diff-text.ts";
import { jsonLine, type Cli, type CommandFile, type GlobalOptions } from "./cli.ts";
import { formatOf, withGlobals } from "./options.ts";
import { withWorkplace } from "./with-workplace.ts";

const DIFFERS = 20;

type DiffOptions = GlobalOptions & { readonly detailedExitcode?: boolean };

/** `packrun diff RUN RUN`. */
export const diff: CommandFile = {
  define: (program, cli, done) => {
    withGlobals(program.command("diff <before> <after>").description("hold two runs side by side"))
      .option("--detailed-exitcode", "exit code 20 when they differ in more than time")
      .addHelpText(
        "after",
        "\nCompares plan, inputs, steps, outputs, times and decisions. A run is an id, the beginning of one, or last.\n" +
          "Exit codes: 0 compared, 2 usage, 20 differs.\n" +
          "Example: packrun diff 01987c last",
      )
      .action(async (before: string, after: string, options: DiffOptions) => {
        done(await withWorkplace(cli, options, (workplace) => compare(cli, before, after, options, workplace)));
      });
  },
};

async function compare(
  cli: Cli,
  before: string,
  after: string,
  options: DiffOptions,
  workplace: Workplace,
): Promise<number> {
  const format = formatOf(options);
  const compared = await compareRuns(before, after, workplace);
  if (!compared.ok) {
    return cli.fault(compared.fault, format);
  }
  cli.out(format === "json" ? jsonLine({ schemaVersion: 1, ...compared.value }) : runDiffText(compared.value));
  return options.detailedExitcode === true && compared.value.differs ? DIFFERS : 0;
}
