import { resolve } from "node:path";
import { writeApprovalFolder } from "#app/approval-writer.ts";
import { bundledArtifacts, bundledOutputs } from "#app/bundled-artifacts.ts";
import { copyOutputs } from "#app/copy-outputs.ts";
import { openBundle } from "#app/open-bundle.ts";
import { parseTenantId, type RunId } from "#canon/ids.ts";
import type { ApiClient, ServedRun } from "#client/api-client.ts";
import type { ServerAccess } from "#client/server-access.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Cli } from "./cli.ts";
import type { DriveOptions } from "./drive-options.ts";
import { eventLine } from "./event-line.ts";
import { nextStep } from "./next-step.ts";
import { formatOf } from "./options.ts";
import { takenOver, tellRunEnd } from "./run-end.ts";
import { answerOfServed } from "./served-run.ts";
import { keepAnchor } from "./server-evidence.ts";
import type { ServerOptions } from "./server-options.ts";
import { showProgress } from "./show-progress.ts";
import { withDownload } from "./with-download.ts";

/** A run of a server in front of a person. */
export type Watch = {
  readonly cli: Cli;
  readonly client: ApiClient;
  readonly access: ServerAccess;
  readonly options: DriveOptions & ServerOptions;
  /** The run is to be cancelled. */
  readonly cancel: AbortSignal;
  /** Nobody watches any longer. */
  readonly abort: AbortSignal;
  /** Says which run it is, as soon as that is known. */
  readonly named: (runId: RunId) => void;
};

/**
 * Follows a run until it is over, or only waits and nobody is to; tells how it ended. `seen`: the run as it was before, which is
 * followed from there on; from its beginning unless given. `from` is the run of which it takes over steps.
 */
export async function followServed(
  watch: Watch,
  runId: RunId,
  seen: ServedRun | undefined,
  from?: RunId,
): Promise<number> {
  const { cli, client, access, options, abort } = watch;
  watch.named(runId);
  const stays = options.wait !== false;
  const after = seen?.sequence ?? 0;
  const first = await client.readRun(runId);
  if (!first.ok) {
    return cli.fault(first.fault, formatOf(options));
  }
  if (from !== undefined) {
    cli.note(takenOver(first.value.steps.filter(({ reusedFrom }) => reusedFrom === from).length, from));
  }
  const progress = showProgress(cli, { stays, runId: () => runId, access });
  progress.open(seen?.pendingGates.filter(({ expired }) => !expired) ?? []);
  const cancelled = cancelWhenTold(watch, runId);
  try {
    if (!isOver(first.value) && (stays || !onlyWaits(first.value) || first.value.sequence > after)) {
      const followed = await client.follow({
        runId,
        after,
        signal: abort,
        onEvent: (event) => {
          progress.events([event]);
          if (formatOf(options) === "ndjson") {
            cli.out(eventLine(event));
          }
          return event.eventType === "run.waiting" && !stays ? "stop" : "go";
        },
      });
      if (!followed.ok) {
        progress.close();
        return cli.fault(followed.fault, formatOf(options));
      }
    }
  } finally {
    progress.close();
    cancelled.stop();
  }
  await cancelled.done();
  return tellServed(watch, runId);
}

export function isOver({ status }: ServedRun): boolean {
  return status === "succeeded" || status === "failed" || status === "cancelled";
}

/** It waits for people alone: no gate has what it needs, or is late. */
function onlyWaits({ status, pendingGates }: ServedRun): boolean {
  return status === "waiting" && pendingGates.every(({ missing, expired }) => missing > 0 && !expired);
}

/** The first signal is passed on to the server; what comes of that is told, and the run is followed to its end. */
function cancelWhenTold(
  { client, cancel, cli }: Watch,
  runId: RunId,
): { readonly stop: () => void; readonly done: () => Promise<void> } {
  let sent: Promise<void> = Promise.resolve();
  const send = async (): Promise<void> => {
    const cancelled = await client.cancelRun(runId, undefined);
    if (!cancelled.ok && cancelled.fault.code !== "RUN_FINISHED") {
      cli.note(`the run could not be cancelled: ${cancelled.fault.message} [${cancelled.fault.code}]`);
    }
  };
  const onCancel = (): void => {
    sent = send();
  };
  if (cancel.aborted) {
    onCancel();
  } else {
    cancel.addEventListener("abort", onCancel, { once: true });
  }
  return { stop: () => cancel.removeEventListener("abort", onCancel), done: () => sent };
}

/** Exit code and answer are those of a run that was driven here. */
async function tellServed(watch: Watch, runId: RunId): Promise<number> {
  const { cli, client, access, options, cancel, abort } = watch;
  const run = await client.readRun(runId);
  if (!run.ok) {
    return cli.fault(run.fault, formatOf(options));
  }
  const over = isOver(run.value);
  const collected = over ? await collect(watch, run.value) : ok(undefined);
  const evidence = collected.ok && over ? options.evidence : undefined;
  const end = over ? "finished" : abort.aborted ? "aborted" : "idle";
  const answer = answerOfServed(run.value, evidence);
  const code = tellRunEnd(
    cli,
    { answer, end, copied: collected, trust: options.trust ?? "FILE", access },
    options,
    cancel.reason,
  );
  if (over && evidence === undefined && formatOf(options) === "text") {
    cli.note(`its evidence: ${nextStep(cli, "evidence", "export", runId, "-o", "FILE")}`);
  }
  return code;
}

/** What was asked for of a run that is over, out of its evidence: every file is held to its digest. */
async function collect({ cli, client, options }: Watch, run: ServedRun): Promise<Result<void>> {
  const { evidence, output } = options;
  if (evidence === undefined && output === undefined) {
    return ok(undefined);
  }
  const sent = await client.readEvidence(run.runId);
  return withDownload(sent, client.server, async (file) => {
    const bundle = await openBundle(file);
    if (!bundle.ok) {
      return bundle;
    }
    const { source, close } = bundle.value;
    try {
      const kept =
        evidence === undefined ? ok(undefined) : await writeApprovalFolder(source, resolve(cli.cwd, evidence));
      const anchored =
        kept.ok && evidence !== undefined ? await keepAnchor(client, run.runId, resolve(cli.cwd, evidence)) : kept;
      return anchored.ok && output !== undefined ? await copyFrom(source, run, resolve(cli.cwd, output)) : anchored;
    } finally {
      await close();
    }
  });
}

async function copyFrom(
  source: Parameters<typeof bundledArtifacts>[0],
  run: ServedRun,
  folder: string,
): Promise<Result<void>> {
  const outputs = await bundledOutputs(source);
  const tenantId = parseTenantId(run.tenantId);
  if (!outputs.ok || tenantId === undefined) {
    return outputs.ok ? ok(undefined) : outputs;
  }
  return copyOutputs({ outputs: outputs.value, identity: { tenantId } }, folder, {
    artifacts: bundledArtifacts(source),
  });
}
