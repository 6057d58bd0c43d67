import { createHash } from "node:crypto";
import { concatBytes, equalBytes } from "#canon/bytes.ts";
import type { Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { headBehind } from "#run/batch-head.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { Head, Lease, LedgerStore, RunIdentity, RunKey } from "#port/run-store.ts";
import { eventBytes, genesisHead, headOf, readLedgerLine } from "#run/ledger-chain.ts";
import type { LedgerEvent } from "#run/event.ts";
import { isRunFilePath } from "#run/run-file.ts";
import type { MemoryWatch } from "./memory-watch.ts";
import { findRun, takeRoom, type MemoryRun, type MemoryState } from "./memory-state.ts";

const sha256: Sha256 = (bytes) => createHash("sha256").update(bytes).digest();

/** Ledgers as lists of lines, read through the same checks as those on a disk. */
export function memoryLedger(state: MemoryState, watch: MemoryWatch): LedgerStore {
  return {
    create: async (identity, files, events) => {
      const lines = events.map(eventBytes);
      const wrong = [...files.keys()].find((path) => !isRunFilePath(path));
      if (wrong !== undefined) {
        return fail(faultOf(storeCodes, "FILE_PATH", { path: wrong }));
      }
      const there = state.runs.get(identity.runId);
      if (there !== undefined) {
        const same = sameIdentity(there, identity) && startsWith(there.lines, lines);
        return same ? ok(undefined) : fail(faultOf(storeCodes, "RUN_EXISTS", { runId: identity.runId }));
      }
      const room = takeRoom(state, sizeOf(lines) + sizeOf([...files.values()]));
      if (room.ok) {
        const head = headBehind(genesisHead(identity, sha256), events);
        const copies = new Map([...files].map(([path, bytes]) => [path, Uint8Array.from(bytes)]));
        state.runs.set(identity.runId, {
          identity: { ...identity },
          lines,
          head,
          files: copies,
          lineFiles: new Map(),
          redactionKey: undefined,
          lease: undefined,
          fence: 0,
          commands: new Map(),
          wakes: new Set(),
        });
      }
      return room;
    },
    identity: async (key) => {
      const run = findRun(state, key);
      return run.ok ? ok(run.value.identity) : run;
    },
    append: async (key, lease, head, events) => {
      const run = findRun(state, key);
      return run.ok ? append(state, run.value, lease, head, events) : run;
    },
    read: (key, after = 0) => read(state, key, after),
    readRaw: async function* readRaw(key) {
      const run = orThrow(findRun(state, key));
      yield* run.lines.map((line) => Uint8Array.from(line));
    },
    putFile: async (key, path, bytes) => putFile(state, key, path, bytes),
    getFile: async (key, path) => {
      const bytes = fileOf(state, key, path);
      return bytes.ok ? ok(Uint8Array.from(bytes.value)) : bytes;
    },
    fileMark: async (key, path) => {
      const bytes = fileOf(state, key, path);
      return bytes.ok ? ok("whole") : bytes;
    },
    changed: async (key, after, milliseconds) => watch.changed(key, after, milliseconds),
  };
}

function append(
  state: MemoryState,
  run: MemoryRun,
  lease: Lease,
  head: Head,
  events: readonly LedgerEvent[],
): Result<void> {
  const { runId } = run.identity;
  const lost = fail(faultOf(storeCodes, "LEASE_LOST", { runId }));
  if (run.lease?.fence !== lease.fence || run.lease.owner !== lease.owner) {
    return lost;
  }
  const end = headBehind(head, events);
  const lines = events.map(eventBytes);
  if (head.sequence !== run.head.sequence || head.hash !== run.head.hash) {
    return startsWith(run.lines.slice(head.sequence), lines) ? ok(undefined) : lost;
  }
  const room = takeRoom(state, sizeOf(lines));
  if (room.ok) {
    run.lines.push(...lines);
    run.head = end;
    run.wakes.forEach((wake) => wake());
  }
  return room;
}

async function* read(state: MemoryState, key: RunKey, after: number): AsyncGenerator<LedgerEvent> {
  const run = orThrow(findRun(state, key));
  let head = genesisHead(run.identity, sha256);
  for (const line of run.lines.slice()) {
    const event = orThrow(readLedgerLine(line, head, sha256));
    head = headOf(event);
    if (event.sequence > after) {
      yield event;
    }
  }
}

function fileOf(state: MemoryState, key: RunKey, path: string): Result<Uint8Array> {
  const run = findRun(state, key);
  if (!run.ok || !isRunFilePath(path)) {
    return run.ok ? fail(faultOf(storeCodes, "FILE_PATH", { path })) : run;
  }
  const bytes = run.value.files.get(path);
  return bytes === undefined ? fail(faultOf(storeCodes, "FILE_MISSING", { runId: key.runId, path })) : ok(bytes);
}

function putFile(state: MemoryState, key: RunKey, path: string, bytes: Uint8Array): Result<void> {
  const run = findRun(state, key);
  if (!run.ok || !isRunFilePath(path)) {
    return run.ok ? fail(faultOf(storeCodes, "FILE_PATH", { path })) : run;
  }
  const there = run.value.files.get(path);
  if (there !== undefined) {
    return equalBytes(there, bytes) ? ok(undefined) : fail(faultOf(storeCodes, "FILE_CONFLICT", { path }));
  }
  const room = takeRoom(state, bytes.length);
  if (room.ok) {
    run.value.files.set(path, Uint8Array.from(bytes));
  }
  return room;
}

function sameIdentity(run: MemoryRun, identity: RunIdentity): boolean {
  const { tenantId, trustDomain, planHash } = run.identity;
  return tenantId === identity.tenantId && trustDomain === identity.trustDomain && planHash === identity.planHash;
}

function startsWith(lines: readonly Uint8Array[], first: readonly Uint8Array[]): boolean {
  return equalBytes(concatBytes(...lines.slice(0, first.length)), concatBytes(...first));
}

function sizeOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => sum + part.length, 0);
}

function orThrow<T>(result: Result<T>): T {
  if (!result.ok) {
    throw new StoreError(result.fault);
  }
  return result.value;
}
