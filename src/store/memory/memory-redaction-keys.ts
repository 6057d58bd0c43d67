import { randomBytes } from "node:crypto";
import { ok } from "#fault/result.ts";
import type { RedactionKeyStore } from "#port/run-store.ts";
import { findRun, type MemoryState } from "./memory-state.ts";

export function memoryRedactionKeys(state: MemoryState): RedactionKeyStore {
  return {
    take: async (key) => {
      const found = findRun(state, key);
      return found.ok ? ok((found.value.redactionKey ??= randomBytes(32))) : found;
    },
    destroy: async (key) => {
      const found = findRun(state, key);
      if (!found.ok) {
        return found;
      }
      found.value.redactionKey = undefined;
      return ok(undefined);
    },
  };
}
