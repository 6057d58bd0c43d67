import { timestampOf } from "#canon/timestamp.ts";
import type { RunIdentity, RunRow } from "#port/run-store.ts";
import type { RunState } from "#run/state.ts";

/** The index row of a run as its ledger says. */
export function rowOf(identity: RunIdentity, state: RunState): RunRow {
  const { pack } = state.plan;
  const row = {
    tenantId: identity.tenantId,
    runId: identity.runId,
    trustDomain: identity.trustDomain,
    planHash: identity.planHash,
    packName: pack.name,
    packVersion: pack.version,
    status: state.status,
    requestedBy: state.requestedBy ?? "",
    createdAt: timestampOf(state.createdAt ?? 0),
    updatedAt: timestampOf(state.lastTimestamp),
  };
  return state.reason === undefined ? row : { ...row, reason: state.reason };
}
