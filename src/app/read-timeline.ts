import { ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import type { RunState } from "#run/state.ts";
import { addSpan, timelineOf, type Spans, type Timeline } from "#view/timeline.ts";
import { readRunState } from "./read-run.ts";
import type { Workplace } from "./workplace.ts";

/** When each step of a run did what. */
export async function readTimeline(
  key: RunKey,
  workplace: Workplace,
): Promise<Result<{ readonly state: RunState; readonly timeline: Timeline }>> {
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const spans: Spans = new Map();
  const state = await readRunState(identity.value, workplace, (event) => addSpan(spans, event));
  return state.ok ? ok({ state: state.value, timeline: timelineOf(state.value, spans, workplace.clock.now()) }) : state;
}
