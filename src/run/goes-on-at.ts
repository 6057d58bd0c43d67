import type { Effect } from "./effect.ts";
import type { RunState } from "./state.ts";
import { todo } from "./todo.ts";

/**
 * When a run that nobody drives has something to do, in milliseconds since 1970: 0 for at once, infinity when only people
 * can let it go on. A run that was taken over in vain still only waits, and a snapshot that is missing moves nothing.
 */
export function goesOnAt(state: RunState): number {
  return state.status === "waiting" && state.verified ? Math.min(...todo(state, 1).map(dueAt)) : 0;
}

function dueAt(effect: Effect): number {
  switch (effect.kind) {
    case "timer":
      return effect.dueAt;
    case "snapshot":
      return Number.POSITIVE_INFINITY;
    case "attempt":
    case "upcoming":
    case "openGate":
    case "confirmGate":
    case "policy":
      return 0;
  }
}
