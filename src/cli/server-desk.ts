import type { IncidentOrder } from "#app/incident.ts";
import { printDuration } from "#canon/duration.ts";
import type { RunId } from "#canon/ids.ts";
import { ok, type Result } from "#fault/result.ts";
import { ApiClient, type IncidentChange } from "#client/api-client.ts";
import type { ServerAccess } from "#client/server-access.ts";
import type { Cli } from "./cli.ts";
import { eventLine } from "./event-line.ts";
import type { LedgerEvent } from "./progress.ts";
import type { DeskOptions, RunDesk, ShownArtifact } from "./run-desk.ts";
import { decideAtServer, importAtServer } from "./server-decision.ts";
import { answerOfServed } from "./served-run.ts";
import { findServed, listServed } from "./served-runs.ts";

/** The desk behind a server's API. Its workers drive what is there: nothing is ever left to the person. */
export function serverDesk(cli: Cli, options: DeskOptions, access: ServerAccess): RunDesk {
  const client = new ApiClient(access);
  const events = (runId: RunId, live: boolean, tell: (event: LedgerEvent) => void): Promise<Result<void>> =>
    readEvents(client, runId, live, tell);
  return {
    access,
    find: (text) => findServed(client, text),
    list: (limit) => listServed(client, { limit }),
    show: async (runId) => {
      const run = await client.readRun(runId);
      return run.ok ? ok({ answer: answerOfServed(run.value), driven: true }) : run;
    },
    events,
    artifacts: async (runId) => {
      const listed = await client.listArtifacts(runId);
      return listed.ok ? ok(listed.value.items.map(artifactOf)) : listed;
    },
    ledger: (runId, tell) => events(runId, false, (event) => tell(eventLine(event))),
    cancel: (runId, reason) => client.cancelRun(runId, reason),
    fold: (runId) => async (seen) => {
      const { readServedState } = await import("#client/served-state.ts");
      return readServedState(client, runId, seen);
    },
    approvals: async () => (await import("./server-approvals.ts")).listServedApprovals(cli, options, client),
    request: async (runId, gateId, out) =>
      (await import("./server-approvals.ts")).requestFromServer(client, { runId, gateId }, out),
    importResponse: (file) => importAtServer(client, file),
    incident: async (runId, order) => {
      const changed = await client.changeIncident(runId, incidentChange(order));
      return changed.ok ? ok(undefined) : changed;
    },
    snapshot: (runId) => client.takeSnapshot(runId),
    decide: async (runId, given) => {
      const decided = await decideAtServer(cli, options, client, runId, given);
      return decided.ok ? ok({ ...decided.value, driven: true }) : decided;
    },
  };
}

function incidentChange(order: IncidentOrder): IncidentChange {
  return order.state === "closed"
    ? { state: order.state }
    : { state: order.state, reason: order.reason, ttl: printDuration(order.ttlMs) };
}

/** What is there now ends with the event that the run had come to when it was asked for. */
async function readEvents(
  client: ApiClient,
  runId: RunId,
  live: boolean,
  tell: (event: LedgerEvent) => void,
): Promise<Result<void>> {
  const run = live ? undefined : await client.readRun(runId);
  if (run?.ok === false) {
    return run;
  }
  const last = run?.value.sequence ?? Number.POSITIVE_INFINITY;
  return client.follow({
    runId,
    after: 0,
    onEvent: (event) => {
      tell(event);
      return event.sequence >= last ? "stop" : "go";
    },
  });
}

type ServedArtifacts = Extract<Awaited<ReturnType<ApiClient["listArtifacts"]>>, { ok: true }>["value"];

/** As the ledger has it, which is what the local store shows. */
function artifactOf(served: ServedArtifacts["items"][number]): ShownArtifact {
  const { stepId, attempt, name, status, size, sha256, mediaType, notes } = served;
  return {
    stepId,
    attempt,
    name,
    status,
    ...(sha256 === undefined ? {} : { digest: `sha256:${sha256}` }),
    ...(size === undefined ? {} : { size }),
    ...(mediaType === undefined ? {} : { mediaType }),
    ...(notes === undefined ? {} : { notes }),
  };
}
