import { randomUUID } from "node:crypto";
import { ApiClient } from "#client/api-client.ts";
import type { ServerAccess } from "#client/server-access.ts";
import { strange } from "#client/read-answer.ts";
import { parseRunId } from "#canon/ids.ts";
import type { Fault } from "#fault/fault.ts";
import type { Cli } from "./cli.ts";
import { interruptible, type DriveOptions } from "./drive-options.ts";
import { nextStep } from "./next-step.ts";
import { formatOf } from "./options.ts";
import { interruptCode } from "./run-end.ts";
import { findServed } from "./served-runs.ts";
import { followServed, isOver, type Watch } from "./server-follow.ts";
import type { ServerOptions } from "./server-options.ts";
import { unfit } from "./server-options.ts";
import { prepareOrder, type OrderOptions } from "./server-order.ts";

export type ServerRunOptions = DriveOptions &
  ServerOptions &
  OrderOptions & {
    readonly registry?: string;
    readonly as?: string;
  };

/** Options that speak of this machine, and why a server does not take them. */
const UNFIT: Readonly<Record<string, readonly [option: string, why: string]>> = {
  maxParallel: ["--max-parallel", "the server's limits count"],
  registry: ["--registry", "packs are in the server's registry"],
  as: ["--as", "the token says who asks"],
};

const SECRET_NAME = /^[a-z][A-Za-z0-9_]{0,62}$/;

/** `packrun run PACK --server URL`: the exit code is that of the run, as if it had run here. */
export async function runAtServer(
  cli: Cli,
  pack: string,
  options: ServerRunOptions,
  access: ServerAccess,
): Promise<number> {
  const refused = await unfitOption(options);
  if (refused !== undefined) {
    return cli.fault(refused, formatOf(options));
  }
  const client = new ApiClient(access);
  await using watch = watchOf(cli, client, access, options);
  const order = await prepareOrder({ cli, client, signal: watch.cancel }, pack, options);
  if (!order.ok || watch.cancel.aborted) {
    return watch.cancel.aborted ? interruptCode(watch.cancel.reason) : order.ok ? 0 : order.fault;
  }
  const submitted = await client.submitRun(order.value, randomUUID());
  if (!submitted.ok) {
    return cli.fault(submitted.fault, formatOf(options));
  }
  const { planHash } = submitted.value;
  const runId = parseRunId(submitted.value.runId);
  if (runId === undefined) {
    return cli.fault(strange(client.server, "it names its run as none is named"), formatOf(options));
  }
  cli.note(`run ${runId} at ${client.server}, planHash ${planHash}`);
  return await followServed(watch, runId, undefined, order.value.from);
}

/** `packrun resume RUN --server URL`. A run that is over is shown as it ended. */
export async function resumeAtServer(
  cli: Cli,
  text: string,
  options: DriveOptions & ServerOptions,
  access: ServerAccess,
): Promise<number> {
  const refused =
    options.secret === undefined ? await unfitOption(options) : await faultFor("--secret", "secrets are the server's");
  if (refused !== undefined) {
    return cli.fault(refused, formatOf(options));
  }
  const client = new ApiClient(access);
  await using watch = watchOf(cli, client, access, options);
  const runId = await findServed(client, text);
  const run = runId.ok ? await client.readRun(runId.value) : runId;
  if (!runId.ok || !run.ok) {
    return cli.fault((run as Extract<typeof run, { ok: false }>).fault, formatOf(options));
  }
  const resumed = await client.resumeRun(runId.value);
  if (!resumed.ok && resumed.fault.code !== "RUN_FINISHED") {
    return cli.fault(resumed.fault, formatOf(options));
  }
  if (!isOver(run.value)) {
    cli.note(`run ${runId.value} at ${client.server}, planHash ${run.value.planHash}`);
  }
  return await followServed(watch, runId.value, run.value);
}

/** What a refused `--secret` says is never repeated. */
async function unfitOption(options: ServerRunOptions): Promise<Fault | undefined> {
  const given = Object.entries(UNFIT).find(([name]) => options[name as keyof ServerRunOptions] !== undefined);
  if (given !== undefined) {
    return faultFor(...given[1]);
  }
  return options.secret?.every((text) => SECRET_NAME.test(text)) === false
    ? faultFor(
        "--secret with a reference",
        "the server's operator configures where secrets come from; give the name alone",
      )
    : undefined;
}

async function faultFor(option: string, why: string): Promise<Fault | undefined> {
  const refused = await unfit(option, why);
  return refused.ok ? undefined : refused.fault;
}

/** Ctrl-C cancels the run at the server, twice leaves it there. */
function watchOf(
  cli: Cli,
  client: ApiClient,
  access: ServerAccess,
  options: DriveOptions & ServerOptions,
): Watch & AsyncDisposable {
  let runId = "last";
  const { cancel, abort, stop } = interruptible(cli.note, {
    cancel: "cancelling at the server; once more leaves the run to it",
    abort: () => `left to ${client.server}: \`${nextStep(cli, "runs", "show", runId)}\` tells what became of it`,
  });
  return {
    cli,
    client,
    access,
    options,
    named: (name) => {
      runId = name;
      cli.worksOn(name);
    },
    cancel: cancel ?? new AbortController().signal,
    abort: abort ?? new AbortController().signal,
    [Symbol.asyncDispose]: async () => stop(),
  };
}
