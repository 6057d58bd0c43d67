import type { RunState } from "./state.ts";
import { todo } from "./todo.ts";

/** When the first timer of a run is due, in milliseconds since 1970; infinity when nothing waits for time. */
export function nextTimer(state: RunState): number {
  return Math.min(...todo(state, 1).flatMap((effect) => (effect.kind === "timer" ? [effect.dueAt] : [])));
}
