import { described, integer, literal, object, string } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import type { Workplace } from "#app/workplace.ts";
import { apiCodes } from "../codes.ts";
import { EVENT_STREAM, eventLines, NDJSON } from "../event-stream.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { chunksOf } from "./sent-file.ts";

const SEQUENCE = /^(?:0|[1-9]\d{0,14})$/;

export const readLogsRoute = guarded({
  id: "readLogs",
  method: "get",
  path: "/api/runs/{runId}/logs",
  scope: "packs.read",
  summary: "The events of a run from its ledger: those that are there, then those that come, until the run is over",
  params: runParams,
  query: object(
    {},
    {
      after: integer({ min: 0 }),
      step: string({ min: 1, max: 1024 }),
      level: literal("debug", "info", "warn", "error"),
      output: described("Leaves out what steps printed.", literal("none")),
      follow: described("Ends with what is there.", literal("no")),
    },
  ),
  headers: [
    {
      name: "Last-Event-ID",
      description: "Sequence of the last event that was received; comes before `after`.",
      required: false,
      shape: string({ pattern: SEQUENCE, expected: "a sequence" }),
    },
  ],
  answers: {
    200: {
      description:
        "Server-sent events: `id` is the sequence, `event` the event type, `data` the event in JSON (event.schema.json). " +
        "With `Accept: application/x-ndjson` one event a line.",
      mediaTypes: [EVENT_STREAM, NDJSON],
    },
    204: { description: "The run is over, and nothing follows this sequence: do not come back.", none: true },
  },
  problems: ["RUN_UNKNOWN"],
  handle: async (call) => {
    const { params, query, workplace, desk, header, signal, isHead } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const after = Number(header("last-event-id") ?? query.after ?? 0);
    const place = await placeIn(key.value, after, workplace);
    if (place === "behind") {
      const problem = `the run has no event ${after} yet`;
      return fail({ fault: faultOf(apiCodes, "REQUEST_INVALID", { problem }) });
    }
    if (place === "over") {
      return ok({ kind: "empty", status: 204 });
    }
    const idleMs = desk.limits.heartbeatMs;
    const mediaType = wantsLines(header("accept") ?? "") ? NDJSON : EVENT_STREAM;
    const { ledger } = workplace.store;
    const events =
      query.follow === "no"
        ? ledger.read(key.value, after)
        : desk.feeds.follow(key.value, ledger, after, { signal, idleMs });
    const headers = { "Cache-Control": "no-store", "X-Accel-Buffering": "no" };
    const chunks = isHead ? chunksOf() : eventLines(events, mediaType, { ...query, idleMs });
    return ok({ kind: "stream", status: 200, mediaType, headers, live: true, chunks });
  },
});

/** Whoever names both means the event stream, which is what browsers ask for. */
function wantsLines(accept: string): boolean {
  return accept.includes(NDJSON) && !accept.includes(EVENT_STREAM);
}

/** Whether events may follow `after`: it may be that of the end, or one that there is not. */
async function placeIn(key: RunKey, after: number, { store }: Workplace): Promise<"inside" | "over" | "behind"> {
  if (after === 0) {
    return "inside";
  }
  for await (const { eventType } of store.ledger.read(key, after - 1)) {
    return eventType === "run.finished" ? "over" : "inside";
  }
  return "behind";
}
