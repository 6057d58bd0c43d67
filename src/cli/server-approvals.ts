import { compareGates, knownApprovers, waitingGate, withMessage, type WaitingGates } from "#app/approval-list.ts";
import { writeReceivedRequest, type ExportedRequest } from "#app/approval-export.ts";
import { openBundle } from "#app/open-bundle.ts";
import { readSettings } from "#app/settings.ts";
import type { RunId } from "#canon/ids.ts";
import { timestampOf } from "#canon/timestamp.ts";
import type { ApiClient, ServedRun } from "#client/api-client.ts";
import type { Fault } from "#fault/fault.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Cli } from "./cli.ts";
import { settingsSource } from "./options.ts";
import type { DeskOptions } from "./run-desk.ts";
import { listServed } from "./served-runs.ts";
import { withDownload } from "./with-download.ts";

/** Runs that may have an open gate: other steps can be at work beside it. */
const OPEN = ["waiting", "running"] as const;

type Gate = WaitingGates["items"][number];

/**
 * The gates that wait at a server. What they wait for is told by the server; who may approve, by the trust root of this place.
 * A run that cannot be read hides no other. Faults: those of the server, of the settings and of the trust root.
 */
export async function listServedApprovals(
  cli: Cli,
  options: DeskOptions,
  client: ApiClient,
): Promise<Result<WaitingGates>> {
  const settings = readSettings(settingsSource(cli, options));
  if (!settings.ok) {
    return settings;
  }
  const { clock, sha256, verifySignature } = await import("#compose.ts");
  const known = await knownApprovers({ settings: settings.value, sha256, verifySignature, now: clock.now });
  const runs = known.ok ? await openRuns(client) : known;
  if (!known.ok || !runs.ok) {
    return runs as Result<never>;
  }
  const now = timestampOf(clock.now());
  const items: Gate[] = [];
  const unread: Fault[] = [];
  for (const runId of runs.value) {
    const run = await client.readRun(runId);
    if (!run.ok && isOfServer(run.fault)) {
      return run;
    }
    if (!run.ok) {
      unread.push({ ...run.fault, message: `run ${runId}: ${run.fault.message}` });
      continue;
    }
    for (const { id: gateId, missing: _missing, ...gate } of run.value.pendingGates) {
      const waiting = waitingGate(askedRun(run.value), { gateId, ...gate }, known.value, now);
      const asked = await client.readGateRequest(runId, gateId);
      items.push(asked.ok ? withMessage(waiting, asked.value) : waiting);
    }
  }
  return ok({ items: items.toSorted(compareGates), unread });
}

function askedRun({ runId, tenantId, trustDomain, planHash, pack, requestedBy }: ServedRun) {
  return { runId, tenantId, trustDomain, planHash, pack, requestedBy };
}

async function openRuns(client: ApiClient): Promise<Result<ReadonlySet<RunId>>> {
  const found = new Set<RunId>();
  for (const status of OPEN) {
    const rows = await listServed(client, { status });
    if (!rows.ok) {
      return rows;
    }
    rows.value.forEach(({ runId }) => found.add(runId));
  }
  return ok(found);
}

/** Whether the next run would fare no better. */
function isOfServer({ code }: Fault): boolean {
  return code.startsWith("SERVER_") || code.startsWith("TOKEN_");
}

/**
 * Fetches all that somebody needs to decide on a gate, and keeps it when it is whole and of that gate. Faults: those of the
 * server, and of `writeReceivedRequest`.
 */
export async function requestFromServer(
  client: ApiClient,
  gate: { readonly runId: RunId; readonly gateId: string },
  out: string,
): Promise<Result<ExportedRequest>> {
  const sent = await client.readGateArchive(gate.runId, gate.gateId);
  return withDownload(sent, client.server, async (file) => {
    const bundle = await openBundle(file);
    if (!bundle.ok) {
      return bundle;
    }
    try {
      const { sha256 } = await import("#compose.ts");
      return await writeReceivedRequest(bundle.value.source, gate, out, sha256);
    } finally {
      await bundle.value.close();
    }
  });
}
