import { readRun } from "#app/read-run.ts";
import { findRun } from "#app/run-reference.ts";
import type { Workplace } from "#app/workplace.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RunState } from "#run/state.ts";
import { runDiff } from "#view/run-diff.ts";
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
  const left = await stateOf(before, workplace);
  if (!left.ok) {
    return cli.fault(left.fault, format);
  }
  const right = await stateOf(after, workplace);
  if (!right.ok) {
    return cli.fault(right.fault, format);
  }
  const compared = runDiff(left.value, right.value);
  cli.out(format === "json" ? jsonLine({ schemaVersion: 1, ...compared }) : runDiffText(compared));
  return options.detailedExitcode === true && compared.differs ? DIFFERS : 0;
}

async function stateOf(text: string, workplace: Workplace): Promise<Result<RunState>> {
  const key = await findRun(text, workplace.settings.tenantId, workplace.store);
  const run = key.ok ? await readRun(key.value, workplace) : key;
  return run.ok ? ok(run.value.state) : run;
}
