import { relative, join } from "node:path";
import type { Command } from "commander";
import { outputsFree } from "#app/copy-outputs.ts";
import { planPack } from "#app/plan-pack.ts";
import { runPlanned, type NewRunOrder } from "#app/run-planned.ts";
import type { Workplace } from "#app/workplace.ts";
import { packFileIn } from "#app/pack-folder.ts";
import { visibleText } from "#view/visible-text.ts";
import { REGISTRY_OPTION, type RegistryOptions } from "./bundle-import.ts";
import type { Cli, CommandFile } from "./cli.ts";
import { driveCommand } from "./drive-command.ts";
import { withDriveOptions, type DriveOptions } from "./drive-options.ts";
import { collect, formatOf, withGlobals } from "./options.ts";
import { enterOwnScope } from "./own-scope.ts";
import { takenOver } from "./run-end.ts";
import { showRefusal } from "./plan-refusal.ts";
import { serverOf, withServer, type ServerOptions } from "./server-options.ts";
import { HERE, packArgument } from "./registered-plan.ts";
import { saveMemoryFor } from "./small-heap.ts";
import { withWorkplace } from "./with-workplace.ts";

type RunOptions = DriveOptions &
  ServerOptions &
  RegistryOptions & {
    readonly input?: boolean;
    readonly i?: readonly string[];
    readonly inputs?: string;
    readonly planHash?: string;
    readonly as?: string;
    readonly from?: string;
    readonly only?: readonly string[];
  };

/** `packrun run PACK`. */
export const run: CommandFile = {
  define: (program, cli, done) => {
    const command = program.command("run [pack]").description("plan a pack, run it in the sandbox, seal the evidence");
    defineOptions(command).action(async (pack: string | undefined, options: RunOptions) => {
      if (options.only !== undefined && options.from === undefined) {
        cli.err("error: --only says which steps of an earlier run go again; name that run with --from\n");
        done(2);
        return;
      }
      const access = await serverOf(cli, options, { tenant: true });
      if (!access.ok) {
        done(cli.fault(access.fault, formatOf(options)));
        return;
      }
      if (access.value !== undefined) {
        const { runAtServer } = await import("./server-run.ts");
        done(await runAtServer(cli, pack ?? HERE, options, access.value));
        return;
      }
      await enterOwnScope();
      done(await withWorkplace(cli, options, (workplace) => planAndRun(cli, pack ?? HERE, options, workplace)));
    });
  },
};

function defineOptions(command: Command): Command {
  return withServer(withDriveOptions(withGlobals(command, ["text", "json", "ndjson"])))
    .option("-i <name=value>", "an input; name=@FILE reads its value from a file (repeatable)", collect)
    .option("--inputs <file>", "inputs from a YAML or JSON file")
    .option("--plan-hash <hash>", "the planHash that was approved; any other is refused")
    .option(...REGISTRY_OPTION)
    .option("--as <key>", "private key that requests the run")
    .option("--from <run>", "take over the finished steps of that run of the same plan")
    .option("--only <step...>", "with --from: these steps run again, and what stands behind them")
    .addHelpText(
      "after",
      "\nPACK is a folder (the current one unless given), a pack.yaml, or NAME@VERSION of the registry.\n" +
        "Ctrl-C cancels in order, twice ends everything at once.\n" +
        "Through a server a folder is planned here and sent there; NAME@VERSION is of the server's registry, and\n" +
        "--secret takes names alone. The run goes on there whatever becomes of this command.\n" +
        "--from runs again what did not succeed and what stands behind it; approvals are asked for anew.\n" +
        "Exit codes: 0 succeeded, 1 failed, 2 usage, 3 findings in pack or inputs, 4 waits for\n" +
        "approval, 5 refused by a gate, 6 another planHash, 8 no sandbox, 10 store, 124 wall\n" +
        "clock, 130 cancelled.\n" +
        "Examples: packrun run packs/quickstart -i discount=20 -o out\n" +
        "          packrun run packs/quickstart --json --no-wait",
    );
}

async function planAndRun(cli: Cli, pack: string, options: RunOptions, workplace: Workplace): Promise<number> {
  const { inputs: inputsFile, planHash, as } = options;
  const given = await packArgument(cli, pack, options);
  if (!given.ok) {
    return given.fault;
  }
  const { registered } = given.value;
  const request = {
    pack: given.value.pack,
    inputs: options.i ?? [],
    cwd: cli.cwd,
    onText: saveMemoryFor,
    ...(inputsFile === undefined ? {} : { inputsFile }),
  };
  const planned = await planPack(request, workplace);
  if (!planned.ok) {
    return showRefusal(cli, planned.fault, options);
  }
  if (options.output !== undefined) {
    const free = await outputsFree(Object.keys(planned.value.compiled.plan.outputs), options.output);
    if (!free.ok) {
      return cli.fault(free.fault, formatOf(options));
    }
  }
  const asserted = {
    ...(planHash === undefined ? {} : { planHash }),
    ...(as === undefined ? {} : { as }),
    ...(registered === undefined ? {} : { registered }),
    ...(options.from === undefined ? {} : { reuse: { run: options.from, again: options.only ?? [] } }),
  };
  return driveCommand(
    cli,
    options,
    workplace,
    (order, named) => runPlanned(planned.value, { ...order, ...asserted, ...toldBy(cli, workplace, named) }, workplace),
    registered === undefined ? packFileIn(planned.value.packFolder) : undefined,
  );
}

function toldBy(
  cli: Cli,
  { settings }: Workplace,
  named: (runId: string) => void,
): Pick<NewRunOrder, "onTrust" | "onReuse" | "onCreated"> {
  return {
    onTrust: (trust) => {
      if (trust.development?.made === true) {
        const folder = join(settings.stateFolder, "trust");
        const near = relative(cli.cwd, folder);
        const shown = near.startsWith("..") ? folder : near;
        cli.note(
          `made a development key and trust root in ${visibleText(shown)}; pin your own for anything that counts`,
        );
      }
    },
    onReuse: ({ from, steps }) => {
      cli.note(takenOver(Object.keys(steps).length, from));
    },
    onCreated: ({ runId, planHash }) => {
      named(runId);
      cli.note(`run ${runId}, planHash ${planHash}`);
    },
  };
}
