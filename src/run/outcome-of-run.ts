import type { RunState } from "./state.ts";

/** How a run ends whose steps have all ended, and why. */
export type RunOutcome = { readonly status: "succeeded" | "failed" | "cancelled"; readonly reason?: string };

/**
 * What a run's steps and stops amount to, the weightiest first: drift, the wall clock, the first failed step in
 * canonical order that nothing shields, a cancel.
 */
export function outcomeOf(state: RunState): RunOutcome {
  const { stop, failure, cancelledBy } = state;
  if (stop?.reason === "PLAN_DRIFT" || stop?.reason === "RUN_WALL_CLOCK") {
    return { status: "failed", reason: stop.reason };
  }
  if (failure !== undefined) {
    return { status: "failed", reason: failure.reason };
  }
  return cancelledBy === undefined ? { status: "succeeded" } : { status: "cancelled", reason: "RUN_CANCELLED" };
}
