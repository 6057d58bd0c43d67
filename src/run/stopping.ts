import type { EventDraft } from "./event.ts";
import { isLeft, type Instance, type Section } from "./instance.ts";
import type { Stop } from "./run-record.ts";
import type { RunState } from "./state.ts";

/** What stops the section that this step stands in, if anything does. */
export function stopOf(state: RunState, { section }: { readonly section: Section }): Stop | undefined {
  return section === state.live.finally ? state.finallyStop : state.stop;
}

/** Whether the step's attempt shall be ended now. */
export function isToBeEnded(state: RunState, instance: Instance): boolean {
  return stopOf(state, instance)?.mode === "cancel";
}

/**
 * What becomes of the steps of a section that is stopped and of which nothing runs now: those that never started are
 * skipped (a container that nothing has begun in, with one event), those that wait for another attempt are cancelled.
 */
export function sweep(section: Section, stop: Stop): readonly EventDraft[] {
  return section.roots.flatMap((root) => sweepStep(root, stop));
}

function sweepStep(instance: Instance, stop: Stop): readonly EventDraft[] {
  if (!isLeft(instance)) {
    return [];
  }
  const { record, id: stepId } = instance;
  if (instance.at.node.kind === "run") {
    if (record?.status === "running") {
      return [];
    }
    return record === undefined || record.attempts === 0
      ? [skipped(stepId, "RUN_STOPPING")]
      : [cancelled(stepId, record.attempts, stop.reason)];
  }
  return record?.status === "running"
    ? instance.kids.flat().flatMap((kid) => sweepStep(kid, stop))
    : [skipped(stepId, "RUN_STOPPING")];
}

export function skipped(stepId: string, reason: string): EventDraft {
  return { eventType: "step.skipped", stepId, metadata: { reason } };
}

export function cancelled(stepId: string, attempt: number, reason: string): EventDraft {
  return { eventType: "step.cancelled", stepId, attempt, metadata: { reason } };
}

/** An attempt that was cut off and that nothing will repeat, because the run ends. */
export function lostForGood(stepId: string, attempt: number, reason: string): readonly EventDraft[] {
  return [{ eventType: "step.lost", stepId, attempt, metadata: {} }, cancelled(stepId, attempt, reason)];
}
