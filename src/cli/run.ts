import type { Command } from "commander";
import { planPack, type PlannedPack } from "#app/plan-pack.ts";
import { runPlanned, type NewRunOrder } from "#app/run-planned.ts";
import type { Workplace } from "#app/workplace.ts";
import { jsonLine, type Cli, type CommandFile } from "./cli.ts";
import {
  favourMemory,
  interruptible,
  parallelOf,
  readReferences,
  withDriveOptions,
  type DriveOptions,
} from "./drive-options.ts";
import { collect, formatOf, withGlobals } from "./options.ts";
import { showRefusal } from "./plan-refusal.ts";
import { showProgress } from "./progress.ts";
import { showRunEnd } from "./run-end.ts";
import { withWorkplace } from "./with-workplace.ts";

type RunOptions = DriveOptions & {
  readonly input?: boolean;
  readonly i?: readonly string[];
  readonly inputs?: string;
  readonly planHash?: string;
  readonly as?: string;
};

/** `packrun run PACK`. */
export const run: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("run <pack>").description("plan a pack, run it in the sandbox, seal the evidence");
    defineOptions(command).action(async (pack: string, options: RunOptions) => {
      favourMemory();
      done(await withWorkplace(cli, options, (workplace) => planAndRun(cli, pack, options, workplace)));
    });
  },
};

function defineOptions(command: Command): Command {
  return withDriveOptions(withGlobals(command, ["text", "json", "ndjson"]))
    .option("-i <name=value>", "an input; name=@FILE reads its value from a file (repeatable)", collect)
    .option("--inputs <file>", "inputs from a YAML or JSON file")
    .option("--plan-hash <hash>", "the planHash that was approved; any other is refused")
    .option("--as <key>", "private key that requests the run")
    .addHelpText(
      "after",
      "\nCtrl-C cancels in order, twice ends everything at once.\nExample: packrun run packs/quickstart -i discount=20",
    );
}

async function planAndRun(cli: Cli, pack: string, options: RunOptions, workplace: Workplace): Promise<number> {
  const references = await readReferences(options.secret);
  if (!references.ok) {
    return cli.fault(references.fault, formatOf(options));
  }
  const { inputs: inputsFile } = options;
  const request = { pack, inputs: options.i ?? [], cwd: cli.cwd, ...(inputsFile === undefined ? {} : { inputsFile }) };
  const planned = await planPack(request, workplace);
  if (!planned.ok) {
    return showRefusal(cli, planned.fault, options);
  }
  return runIt(cli, planned.value, { ...options, references: references.value }, workplace);
}

async function runIt(
  cli: Cli,
  planned: PlannedPack,
  options: RunOptions & Pick<NewRunOrder, "references">,
  workplace: Workplace,
): Promise<number> {
  const { stop, ...signals } = interruptible(cli);
  const progress = showProgress(cli);
  const { planHash, as, evidence } = options;
  try {
    const ended = await runPlanned(
      planned,
      {
        references: options.references,
        maxParallel: parallelOf(options),
        wait: options.wait !== false,
        ...signals,
        ...(planHash === undefined ? {} : { planHash }),
        ...(as === undefined ? {} : { as }),
        ...(evidence === undefined ? {} : { evidence }),
        onTrust: (trust) => {
          if (trust.development?.made === true) {
            cli.note("made a development key and trust root in .packrun/trust; pin your own for anything that counts");
          }
        },
        onCreated: ({ runId }) => cli.note(`run ${runId}, planHash ${planned.compiled.planHash}`),
        onEvents: (events) => {
          progress.events(events);
          if (formatOf(options) === "ndjson") {
            events.forEach((event) => cli.out(jsonLine(event)));
          }
        },
      },
      workplace,
    );
    progress.close();
    return ended.ok
      ? await showRunEnd(cli, ended.value, options, workplace, signals.cancel?.reason)
      : cli.fault(ended.fault, formatOf(options));
  } finally {
    progress.close();
    stop();
  }
}
