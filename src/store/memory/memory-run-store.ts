import type { Fault } from "#fault/fault.ts";
import { faultOfRun } from "#fault/fault-of-run.ts";
import { ok } from "#fault/result.ts";
import type { Clock } from "#port/clock.ts";
import { isTerminal } from "#run/status.ts";
import type { HolderLife, InboxStore, Lease, LeaseStore, RunIndex, RunKey, RunRow, RunStore } from "#port/run-store.ts";
import { memoryLedger } from "./memory-ledger.ts";
import { memoryLines } from "./memory-lines.ts";
import { memoryRedactionKeys } from "./memory-redaction-keys.ts";
import { findRun, memoryState, takeRoom, type MemoryRun, type MemoryState } from "./memory-state.ts";
import { MemoryWatch } from "./memory-watch.ts";

/**
 * Runs in this process, for tests and simulation. Stores with the same `state` see the same runs, as processes that
 * share a folder do; `owner` is the name that their leases bear, `lifeOf` says what became of one.
 */
export function memoryRunStore(options: {
  readonly clock: Clock;
  readonly owner?: string;
  readonly state?: MemoryState;
  readonly lifeOf?: (owner: string) => HolderLife;
}): RunStore {
  const { clock, state = memoryState(), lifeOf = () => ({ state: "unknown" }) } = options;
  state.opened += 1;
  const owner = options.owner ?? `memory-${state.opened}`;
  const watch = new MemoryWatch(state, clock);
  return {
    ledger: memoryLedger(state, watch),
    leases: memoryLeases(state, clock, owner, lifeOf),
    inbox: memoryInbox(state, watch),
    index: memoryIndex(state),
    lines: memoryLines(state),
    redactionKeys: memoryRedactionKeys(state),
    close: async () => {
      watch.close();
      for (const run of state.runs.values()) {
        run.lease = run.lease?.owner === owner ? undefined : run.lease;
      }
    },
  };
}

function memoryLeases(
  state: MemoryState,
  clock: Clock,
  owner: string,
  lifeOf: (owner: string) => HolderLife,
): LeaseStore {
  const isLive = (lease: Lease | undefined): lease is Lease => {
    const life = lease === undefined ? "dead" : lifeOf(lease.owner).state;
    return life === "unknown" ? (lease?.until ?? 0) > clock.now() : life !== "dead";
  };
  return {
    acquire: async (key, milliseconds) => {
      const found = findRun(state, key);
      if (!found.ok || isLive(found.value.lease)) {
        return undefined;
      }
      found.value.fence += 1;
      found.value.lease = { owner, fence: found.value.fence, until: clock.now() + milliseconds };
      return found.value.lease;
    },
    renew: async (key, lease, milliseconds) => {
      const found = findRun(state, key);
      if (!found.ok || found.value.lease?.fence !== lease.fence || found.value.lease.owner !== lease.owner) {
        return undefined;
      }
      found.value.lease = { ...lease, until: clock.now() + milliseconds };
      return found.value.lease;
    },
    release: async (key, lease) => {
      const found = findRun(state, key);
      if (found.ok && found.value.lease?.fence === lease.fence && found.value.lease.owner === lease.owner) {
        found.value.lease = undefined;
      }
    },
    current: async (key) => {
      const found = findRun(state, key);
      const lease = found.ok ? found.value.lease : undefined;
      return isLive(lease) ? { ...lease, life: lifeOf(lease.owner) } : undefined;
    },
  };
}

function memoryInbox(state: MemoryState, watch: MemoryWatch): InboxStore {
  return {
    put: async (key, command) => {
      const found = findRun(state, key);
      if (!found.ok) {
        return found;
      }
      const run = found.value;
      const room = run.commands.has(command.commandId)
        ? ok(undefined)
        : takeRoom(state, JSON.stringify(command).length);
      if (room.ok && !run.commands.has(command.commandId)) {
        run.commands.set(command.commandId, { command, done: false, place: run.commands.size + 1 });
        run.wakes.forEach((wake) => wake());
      }
      return room;
    },
    pending: async (key) => {
      const found = findRun(state, key);
      const waiting = found.ok ? [...found.value.commands.values()].filter((sent) => !sent.done) : [];
      watch.seen(key, waiting.at(-1)?.place ?? 0);
      return waiting.map((sent) => sent.command);
    },
    addressed: async () =>
      [...state.runs.values()].filter(({ commands }) => hasPending(commands)).map(({ identity }) => keyOf(identity)),
    done: async (key, commandIds) => {
      const found = findRun(state, key);
      for (const commandId of commandIds) {
        const sent = found.ok ? found.value.commands.get(commandId) : undefined;
        if (sent !== undefined) {
          sent.done = true;
        }
      }
    },
  };
}

function memoryIndex(state: MemoryState): RunIndex {
  return {
    put: async (row) => {
      const there = state.rows.get(row.runId);
      if (there === undefined || there.updatedAt <= row.updatedAt) {
        state.rows.set(row.runId, row);
      }
      return ok(undefined);
    },
    list: async (tenantId, { limit, after, status, packName }) =>
      [...state.rows.values()]
        .filter(
          (row) =>
            row.tenantId === tenantId &&
            (status === undefined || row.status === status) &&
            (packName === undefined || row.packName === packName) &&
            (after === undefined || newestFirst(after, row) < 0),
        )
        .sort(newestFirst)
        .slice(0, Math.max(0, limit)),
    unfinished: async () =>
      [...state.rows.values()].filter((row) => !isTerminal(row.status)).sort((a, b) => newestFirst(b, a)),
    changedSince: async (updatedAt) => [...state.rows.values()].filter((row) => row.updatedAt >= updatedAt),
    reindex: async (rowOf) => {
      const rows = new Map<string, RunRow>();
      const unread: Fault[] = [];
      for (const { identity } of state.runs.values()) {
        const row = await rowOf(identity);
        const kept = row.ok ? row.value : state.rows.get(identity.runId);
        if (kept !== undefined) {
          rows.set(identity.runId, kept);
        }
        if (!row.ok) {
          unread.push(faultOfRun(identity.runId, row.fault));
        }
      }
      state.rows.clear();
      rows.forEach((row, runId) => state.rows.set(runId, row));
      return ok({ runs: state.runs.size - unread.length, unread });
    },
  };
}

type Aged = { readonly createdAt: string; readonly runId: string };

/** By time of creation, then by id. */
function newestFirst(a: Aged, b: Aged): number {
  if (a.createdAt === b.createdAt && a.runId === b.runId) {
    return 0;
  }
  return a.createdAt < b.createdAt || (a.createdAt === b.createdAt && a.runId < b.runId) ? 1 : -1;
}

function hasPending(commands: MemoryRun["commands"]): boolean {
  return [...commands.values()].some((sent) => !sent.done);
}

function keyOf({ tenantId, runId }: RunKey): RunKey {
  return { tenantId, runId };
}
