import type { RunId } from "#canon/ids.ts";
import type { Cli } from "./cli.ts";
import { formatOf } from "./options.ts";
import type { DeskOptions, RunDesk } from "./run-desk.ts";
import { serverOf } from "./server-options.ts";
import { withWorkplace } from "./with-workplace.ts";

/** Opens the desk that a command is to work at; the command's exit code. */
export async function withDesk(
  cli: Cli,
  options: DeskOptions,
  work: (desk: RunDesk) => Promise<number>,
): Promise<number> {
  const access = await serverOf(cli, options);
  if (!access.ok) {
    return cli.fault(access.fault, formatOf(options));
  }
  if (access.value !== undefined) {
    const { serverDesk } = await import("./server-desk.ts");
    return work(serverDesk(cli, options, access.value));
  }
  return withWorkplace(cli, options, async (workplace) => {
    const { localDesk } = await import("./local-desk.ts");
    return work(localDesk(workplace));
  });
}

/** Opens the desk and finds the run that is named. */
export function withRunAtDesk(
  cli: Cli,
  options: DeskOptions,
  text: string,
  work: (runId: RunId, desk: RunDesk) => Promise<number>,
): Promise<number> {
  return withDesk(cli, options, async (desk) => {
    const runId = await desk.find(text);
    if (!runId.ok) {
      return cli.fault(runId.fault, formatOf(options));
    }
    cli.worksOn(runId.value);
    return work(runId.value, desk);
  });
}
