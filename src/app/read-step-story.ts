import { nearestName } from "#fault/did-you-mean.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { LedgerEvent } from "#run/event.ts";
import { stepStory, type StepStory } from "#view/step-story.ts";
import { appCodes } from "./codes.ts";
import type { ReadState } from "./read-run.ts";

/** Why a step of a run did what it did. */
export async function readStepStory(read: ReadState, runId: string, stepId: string): Promise<Result<StepStory>> {
  const events: LedgerEvent[] = [];
  const state = await read((event) => {
    if (event.stepId === stepId && event.eventType !== "step.output") {
      events.push(event);
    }
  });
  if (!state.ok) {
    return state;
  }
  const story = stepStory(state.value, stepId, events);
  if (story !== undefined) {
    return ok(story);
  }
  const near = nearestName(stepId, state.value.live.byId.keys());
  const hint = near === undefined ? undefined : `did you mean ${near}?`;
  return fail(faultOf(appCodes, "STEP_UNKNOWN", { stepId, runId }, hint === undefined ? {} : { hint }));
}
