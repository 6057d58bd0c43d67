import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import type { Head, Lease, RunIdentity, RunKey, RunRow } from "#port/run-store.ts";
import type { InboxCommand } from "#run/inbox-command.ts";

export type MemoryRun = {
  readonly identity: RunIdentity;
  /** Each with its newline. */
  readonly lines: Uint8Array[];
  head: Head;
  readonly files: Map<string, Uint8Array>;
  /** What was appended to each, in order. */
  readonly lineFiles: Map<string, Uint8Array[]>;
  lease: Lease | undefined;
  redactionKey: Uint8Array | undefined;
  fence: number;
  readonly commands: Map<string, { readonly command: InboxCommand; done: boolean; readonly place: number }>;
  /** Called whenever the ledger grows or a command comes. */
  readonly wakes: Set<() => void>;
};

/** What several stores in one process may share, as processes share a folder. */
export type MemoryState = {
  readonly runs: Map<string, MemoryRun>;
  readonly rows: Map<string, RunRow>;
  /** Bytes of ledgers and files that there is room for. */
  capacity: number;
  /** How many stores were opened on it. */
  opened: number;
};

export function memoryState(): MemoryState {
  return { runs: new Map(), rows: new Map(), capacity: Number.POSITIVE_INFINITY, opened: 0 };
}

/** RUN_UNKNOWN for another tenant's run as well. */
export function findRun(state: MemoryState, key: RunKey): Result<MemoryRun> {
  const run = state.runs.get(key.runId);
  return run?.identity.tenantId === key.tenantId
    ? ok(run)
    : fail(faultOf(storeCodes, "RUN_UNKNOWN", { runId: key.runId, tenantId: key.tenantId }));
}

/** STORE_FULL when so many more bytes do not fit. */
export function takeRoom(state: MemoryState, bytes: number): Result<void> {
  if (bytes > state.capacity) {
    return fail(faultOf(storeCodes, "STORE_FULL", { problem: "the memory set aside for it is used up" }));
  }
  state.capacity -= bytes;
  return ok(undefined);
}
