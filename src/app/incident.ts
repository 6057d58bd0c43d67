import { randomUUID } from "node:crypto";
import { timestampOf } from "#canon/timestamp.ts";
import type { Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import { runCodes } from "#run/codes.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import type { LedgerEvent } from "#run/event.ts";
import { isTerminal } from "#run/status.ts";
import { deliver } from "./deliver-command.ts";
import { incidentCodes } from "./incident-codes.ts";
import { readRunState } from "./read-run.ts";
import { openRunTrust } from "./run-trust.ts";
import type { Workplace } from "./workplace.ts";

export type IncidentOrder =
  | {
      readonly state: "open";
      readonly reason: string;
      /** At most LONGEST_INCIDENT_MS. */
      readonly ttlMs: number;
    }
  | { readonly state: "closed" };

/**
 * Opens an incident of a run, or closes the one that is open; `by` is who does, whoever is at work at this place unless given.
 * Faults: INCIDENT_NONE, RUN_UNKNOWN, RUN_FINISHED, those of delivering.
 */
export async function changeIncident(
  key: RunKey,
  order: IncidentOrder,
  workplace: Workplace,
  by?: string,
): Promise<Result<void>> {
  const needed = order.state === "closed";
  const recorded = await command(key, workplace, needed, (who) => ({
    commandId: `incident:${randomUUID()}`,
    kind: "incident",
    body: incidentBody(order, by ?? who, workplace.clock.now()),
  }));
  return recorded.ok ? ok(undefined) : recorded;
}

/** What the inbox command of kind `incident` says. `now`: milliseconds since 1970. */
export function incidentBody(order: IncidentOrder, by: string, now: number): InboxCommand["body"] {
  return order.state === "closed"
    ? { state: order.state, by }
    : { state: order.state, by, reason: order.reason, until: timestampOf(now + order.ttlMs) };
}

/** Has the evidence so far signed and kept; the digest of its manifest. Faults: RUN_UNKNOWN, RUN_FINISHED, those of delivering. */
export async function takeSnapshot(
  key: RunKey,
  workplace: Workplace,
): Promise<Result<{ readonly manifestDigest: Digest; readonly sequence: number }>> {
  const recorded = await command(key, workplace, false, () => ({
    commandId: `snapshot:${randomUUID()}`,
    kind: "snapshot",
    body: {},
  }));
  if (!recorded.ok) {
    return recorded;
  }
  if (recorded.value.eventType !== "evidence.snapshot") {
    throw new Error(`a snapshot was answered by ${recorded.value.eventType}`);
  }
  const { metadata, sequence } = recorded.value;
  return ok({ manifestDigest: metadata.manifestDigest, sequence });
}

async function command(
  key: RunKey,
  workplace: Workplace,
  needsIncident: boolean,
  make: (who: string) => InboxCommand,
): Promise<Result<LedgerEvent>> {
  const identity = await workplace.store.ledger.identity(key);
  const state = identity.ok ? await readRunState(identity.value, workplace) : identity;
  if (!identity.ok) {
    return identity;
  }
  if (!state.ok) {
    return state;
  }
  if (isTerminal(state.value.status)) {
    return fail(faultOf(runCodes, "RUN_FINISHED", { runId: key.runId }));
  }
  if (needsIncident && state.value.incident === undefined) {
    return fail(faultOf(incidentCodes, "INCIDENT_NONE", { runId: key.runId }));
  }
  const trust = await openRunTrust(workplace, []);
  return trust.ok ? deliver(identity.value, make(trust.value.principal), workplace, trust.value) : trust;
}
