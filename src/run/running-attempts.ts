import { compareInstances } from "./instance.ts";
import type { RunState } from "./state.ts";

/** Attempts that have started and not ended, in canonical order. */
export function runningAttempts(state: RunState): readonly { readonly stepId: string; readonly attempt: number }[] {
  return [...state.live.flight]
    .filter((instance) => instance.record?.status === "running")
    .sort(compareInstances)
    .map((instance) => ({ stepId: instance.id, attempt: instance.record?.attempts ?? 1 }));
}
