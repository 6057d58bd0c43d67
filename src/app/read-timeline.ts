import { ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import { evolve } from "#run/evolve.ts";
import { initialState, type RunState } from "#run/state.ts";
import { addSpan, timelineOf, type Spans, type Timeline } from "#view/timeline.ts";
import { storedPlan } from "./stored-plan.ts";
import type { Workplace } from "./workplace.ts";

/** When each step of a run did what, read from its ledger in one go. */
export async function readTimeline(
  key: RunKey,
  workplace: Workplace,
): Promise<Result<{ readonly state: RunState; readonly timeline: Timeline }>> {
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const plan = await storedPlan(identity.value, workplace);
  if (!plan.ok) {
    return plan;
  }
  const state = initialState(plan.value, identity.value);
  const spans: Spans = new Map();
  for await (const event of workplace.store.ledger.read(key)) {
    evolve(state, event);
    addSpan(spans, event);
  }
  return ok({ state, timeline: timelineOf(state, spans, workplace.clock.now()) });
}
