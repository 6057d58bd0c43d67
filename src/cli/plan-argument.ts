import { statSync } from "node:fs";
import { resolve } from "node:path";
import { readPlanFile } from "#app/user-file.ts";
import { ok, type Result } from "#fault/result.ts";
import type { PlannedPack } from "#app/plan-pack.ts";
import type { RegistryOptions } from "./bundle-import.ts";
import type { Cli } from "./cli.ts";
import { formatOf } from "./options.ts";
import type { PlanOptions } from "./plan-options.ts";
import { plannedArgument } from "./registered-plan.ts";

type Plan = PlannedPack["compiled"]["plan"];

/** The plan of a PACK argument, or of a plan file; where there is none, says why and fails with the exit code. */
export async function planArgument(
  cli: Cli,
  pack: string,
  options: PlanOptions & RegistryOptions,
): Promise<Result<Plan, number>> {
  const path = resolve(cli.cwd, pack);
  if (!/\.ya?ml$/.test(path) && statSync(path, { throwIfNoEntry: false })?.isFile() === true) {
    if (options.i !== undefined || options.inputs !== undefined) {
      cli.err("error: a plan file has its inputs in it; leave -i and --inputs out\n");
      return { ok: false, fault: 2 };
    }
    const read = await readPlanFile(path);
    return read.ok ? read : { ok: false, fault: cli.fault(read.fault, formatOf(options)) };
  }
  const planned = await plannedArgument(cli, pack, options);
  return planned.ok ? ok(planned.value.compiled.plan) : planned;
}
