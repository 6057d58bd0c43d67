import type { Change } from "./change.ts";
import { time, type Event, type Plan } from "./release.ts";
import type { Members } from "./signed-file.ts";

export const event = (eventType: string, metadata: Members = {}, place: Partial<Event> = {}): Event => ({
  eventType,
  level: "info",
  message: eventType,
  metadata,
  timestamp: "",
  ...place,
});
/** Events in a new order, each at the time of its place. */
export const timed = (edit: (events: Event[]) => readonly Event[]): Change => ({
  events: (events) => edit([...events]).map((each, at) => ({ ...each, timestamp: time((at + 1) * 100) })),
});
export const find = (events: readonly Event[], type: string, stepId?: string): number =>
  events.findIndex((each) => each.eventType === type && (stepId === undefined || each.stepId === stepId));
export const without = (type: string, stepId?: string): Change =>
  timed((events) => events.toSpliced(find(events, type, stepId), 1));
export const insert = (before: string, stepId: string | undefined, ...more: readonly Event[]): Change =>
  timed((events) => events.toSpliced(find(events, before, stepId), 0, ...more));
/** One event is moved before another. */
export const moved = (type: string, stepId: string, before: string, beforeStep?: string): Change =>
  timed((events) => {
    const [one] = events.splice(find(events, type, stepId), 1);
    return events.toSpliced(find(events, before, beforeStep), 0, one as Event);
  });
export const changed = (type: string, stepId: string | undefined, more: Members): Change =>
  timed((events) =>
    events.map((each) =>
      each.eventType === type && (stepId === undefined || each.stepId === stepId)
        ? { ...each, metadata: { ...each.metadata, ...more } }
        : each,
    ),
  );
export const finished = (status: string, reason?: string): Change =>
  timed((events) =>
    events.with(
      events.length - 1,
      event("run.finished", {
        status,
        outputs: events.at(-1)?.metadata["outputs"] ?? {},
        ...(reason === undefined ? {} : { reason }),
      }),
    ),
  );
export const on = (stepId: string, attempt?: number): Partial<Event> => ({
  stepId,
  ...(attempt === undefined ? {} : { attempt }),
});
export const started = (stepId: string, attempt = 1): Event => event("step.started", {}, on(stepId, attempt));
export const succeeded = (stepId: string, attempt = 1): Event =>
  event("step.succeeded", { durationMs: 1, outputs: {} }, on(stepId, attempt));
export const skippedEvent = (stepId: string, reason: string): Event => event("step.skipped", { reason }, on(stepId));
export const replaced = (stepId: string, ...more: readonly Event[]): Change =>
  timed((events) => {
    const at = events.findIndex((each) => each.stepId === stepId);
    return events.filter((each) => each.stepId !== stepId).toSpliced(at, 0, ...more);
  });
export const plan = (edit: (plan: Plan) => Members): Change => ({ plan: (plain) => ({ ...plain, ...edit(plain) }) });
export const node = (id: string, more: Members): Change =>
  plan(({ steps, finally: last }) => ({
    steps: steps.map((each) => (each.id === id ? { ...each, ...more } : each)),
    finally: last.map((each) => (each.id === id ? { ...each, ...more } : each)),
  }));
export const cancelRequest = (commandId = "c-9"): Event => event("run.cancelRequested", { commandId, by: "requester" });
