import type { RunAnswer } from "#app/run-answer.ts";

/** The members of a run's JSON answer. Those that scripts ask for are always there: null where there is nothing to say. */
export function runJson(run: RunAnswer): object {
  return {
    schemaVersion: 1,
    ...run,
    reason: run.reason ?? null,
    evidence: run.evidence ?? null,
    steps: run.steps.map((step) => ({
      ...step,
      reason: step.reason ?? null,
      durationMs: step.durationMs ?? null,
    })),
  };
}
