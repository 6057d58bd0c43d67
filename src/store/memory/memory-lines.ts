import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import type { LineStore, RunKey } from "#port/run-store.ts";
import { isRunLinesName } from "#run/run-file.ts";
import { findRun, takeRoom, type MemoryRun, type MemoryState } from "./memory-state.ts";

const NEWLINE = 0x0a;

/** Lines of runs as lists of what was appended. */
export function memoryLines(state: MemoryState): LineStore {
  const find = (key: RunKey, name: string): Result<MemoryRun> => {
    const run = findRun(state, key);
    return !run.ok || isRunLinesName(name) ? run : fail(faultOf(storeCodes, "FILE_PATH", { path: name }));
  };
  return {
    append: async (key, name, lines, { behind }) => {
      if (lines.length > 0 && lines.at(-1) !== NEWLINE) {
        throw new Error(`the lines for ${name} do not end with a newline`);
      }
      const run = find(key, name);
      if (!run.ok) {
        return run;
      }
      const size = (run.value.lineFiles.get(name) ?? []).reduce((sum, { length }) => sum + length, 0);
      if (behind !== undefined && behind !== size) {
        return fail(faultOf(storeCodes, "LEASE_LOST", { runId: key.runId }));
      }
      if (lines.length === 0) {
        return ok(undefined);
      }
      const room = takeRoom(state, lines.length);
      if (room.ok) {
        const there = run.value.lineFiles.get(name) ?? [];
        there.push(Uint8Array.from(lines));
        run.value.lineFiles.set(name, there);
      }
      return room;
    },
    read: async function* read(key, name, from = 0) {
      const run = find(key, name);
      if (!run.ok) {
        throw new StoreError(run.fault);
      }
      let skip = from;
      for (const lines of run.value.lineFiles.get(name) ?? []) {
        if (skip < lines.length) {
          yield Uint8Array.from(lines.subarray(skip));
        }
        skip = Math.max(0, skip - lines.length);
      }
    },
  };
}
