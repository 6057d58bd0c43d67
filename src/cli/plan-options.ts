import type { Command } from "commander";
import type { PlannedPack } from "#app/plan-pack.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Cli, GlobalOptions } from "./cli.ts";
import { collect } from "./options.ts";
import { showRefusal } from "./plan-refusal.ts";

/** Options of the commands that compile a pack. */
export type PlanOptions = GlobalOptions & { readonly i?: readonly string[]; readonly inputs?: string };

export function withPlanOptions(command: Command): Command {
  return command
    .option("-i <name=value>", "an input; name=@FILE reads its value from a file (repeatable)", collect)
    .option("--inputs <file>", "inputs from a YAML or JSON file");
}

/** Compiles a pack with the inputs of the command line; where there is no plan, says why and fails with the exit code. */
export async function plannedPack(cli: Cli, pack: string, options: PlanOptions): Promise<Result<PlannedPack, number>> {
  const { planPack } = await import("#app/plan-pack.ts");
  const { folders, inspectModule, sha256 } = await import("#compose.ts");
  const { inputs: inputsFile } = options;
  const request = { pack, inputs: options.i ?? [], cwd: cli.cwd, ...(inputsFile === undefined ? {} : { inputsFile }) };
  const planned = await planPack(request, { folders, sha256, inspectModule });
  return planned.ok ? ok(planned.value) : { ok: false, fault: showRefusal(cli, planned.fault, options) };
}
