import { canonicalBytes } from "#canon/canonical-json.ts";
import { fits, integer, object, timestamp } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { LedgerStore, RunIdentity, RunQueue, RunRow, RunStore } from "#port/run-store.ts";
import type { RunState } from "#run/state.ts";

/** When and how urgently a run was asked for, beside its ledger: only runs that were left to a service have it. */
export const QUEUE_FILE = "queue.json";

const queueShape = object(
  { priority: integer({ min: -100, max: 100 }) },
  { scheduledAt: timestamp(), deadlineAt: timestamp() },
);
/** The index row of a run as its ledger, and what was asked of it, say. */
export function rowOf(identity: RunIdentity, state: RunState, queue?: RunQueue): RunRow {
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
  return {
    ...row,
    ...(state.startedAt === undefined ? {} : { startedAt: timestampOf(state.startedAt) }),
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    ...(state.incident === undefined ? {} : { incident: timestampOf(state.incident.until) }),
    ...(queue === undefined ? {} : { queue }),
  };
}

/** The row of a run, with what stands beside its ledger. Fault: STORE_CORRUPT. */
export async function readRow(
  identity: RunIdentity,
  state: RunState,
  ledger: Pick<LedgerStore, "getFile">,
): Promise<Result<RunRow>> {
  const bytes = await ledger.getFile(identity, QUEUE_FILE);
  if (!bytes.ok) {
    return bytes.fault.code === "FILE_MISSING" ? ok(rowOf(identity, state)) : bytes;
  }
  const read = readCanonicalJson(bytes.value, QUEUE_FILE);
  return read.ok && fits(queueShape, read.value)
    ? ok(rowOf(identity, state, read.value))
    : fail(faultOf(storeCodes, "STORE_CORRUPT", { file: QUEUE_FILE, problem: "it is not what packrun writes there" }));
}

/** Writes the row of a run as it stands now. */
export async function indexRun(
  identity: RunIdentity,
  state: RunState,
  { index, ledger }: Pick<RunStore, "index" | "ledger">,
): Promise<Result<void>> {
  const row = await readRow(identity, state, ledger);
  return row.ok ? index.put(row.value) : row;
}

export function queueBytes(queue: RunQueue): Uint8Array {
  return canonicalBytes({ ...queue });
}
