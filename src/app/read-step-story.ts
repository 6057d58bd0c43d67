import { fail, ok, type Result } from "#fault/result.ts";
import type { LedgerEvent } from "#run/event.ts";
import { stepStory, type StepStory } from "#view/step-story.ts";
import type { ReadState } from "./read-run.ts";
import { unknownStep } from "./unknown-step.ts";

/** Why a step of a run did what it did, as it stands `now`. Faults: STEP_UNKNOWN, those of reading the run. */
export async function readStepStory(
  read: ReadState,
  runId: string,
  stepId: string,
  now: () => number,
): Promise<Result<StepStory>> {
  const events: LedgerEvent[] = [];
  const state = await read((event) => {
    if (event.stepId === stepId && event.eventType !== "step.output") {
      events.push(event);
    }
  });
  if (!state.ok) {
    return state;
  }
  const story = stepStory(state.value, stepId, events, now());
  return story === undefined ? fail(unknownStep(stepId, runId, state.value.live.byId.keys())) : ok(story);
}
