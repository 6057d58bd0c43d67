import { ok, type Result } from "#fault/result.ts";
import type { RunState } from "#run/state.ts";
import { addSpan, timelineOf, type Spans, type Timeline } from "#view/timeline.ts";
import type { ReadState } from "./read-run.ts";

/** When each step of a run did what; one that is not over lasts until `now`. */
export async function readTimeline(
  read: ReadState,
  now: () => number,
): Promise<Result<{ readonly state: RunState; readonly timeline: Timeline }>> {
  const spans: Spans = new Map();
  const state = await read((event) => addSpan(spans, event));
  return state.ok ? ok({ state: state.value, timeline: timelineOf(state.value, spans, now()) }) : state;
}
