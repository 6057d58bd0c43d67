import { nearestName } from "#fault/did-you-mean.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import { stepStory, type StepStory } from "#view/step-story.ts";
import { appCodes } from "./codes.ts";
import { readRun } from "./read-run.ts";
import type { Workplace } from "./workplace.ts";

/** Why a step of a run did what it did. */
export async function readStepStory(key: RunKey, stepId: string, workplace: Workplace): Promise<Result<StepStory>> {
  const run = await readRun(key, workplace);
  if (!run.ok) {
    return run;
  }
  const events: LedgerEvent[] = [];
  for await (const event of workplace.store.ledger.read(key)) {
    if (event.stepId === stepId && event.eventType !== "step.output") {
      events.push(event);
    }
  }
  const { state, answer } = run.value;
  const story = stepStory(state, stepId, events);
  if (story !== undefined) {
    return ok(story);
  }
  const near = nearestName(
    stepId,
    answer.steps.map(({ id }) => id),
  );
  const hint = near === undefined ? undefined : `did you mean ${near}?`;
  return fail(faultOf(appCodes, "STEP_UNKNOWN", { stepId, runId: key.runId }, hint === undefined ? {} : { hint }));
}
