import { object, string } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import { runCodes } from "#run/codes.ts";
import { isTerminal } from "#run/status.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { runStatusShape } from "./run-shapes.ts";

export const cancelRoute = guarded({
  id: "cancelRun",
  method: "post",
  path: "/api/runs/{runId}/cancel",
  scope: "packs.run",
  summary: "Cancel a run: its steps are ended, then `finally` runs",
  params: runParams,
  body: { kind: "json", shape: object({}, { reason: string({ max: 1000 }) }) },
  answers: { 202: { description: "The cancel is recorded.", shape: runStatusShape } },
  problems: ["RUN_UNKNOWN", "RUN_FINISHED", "COMMAND_UNANSWERED"],
  handle: async (call) => {
    const { params, body, bearer, desk } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const { runId } = key.value;
    const cancelled = await desk.service.cancel(key.value, bearer, body.reason);
    return cancelled.ok
      ? ok({ kind: "json", status: 202, body: { schemaVersion: 1, runId, status: cancelled.value.status } })
      : fail({ fault: cancelled.fault });
  },
});

export const resumeRoute = guarded({
  id: "resumeRun",
  method: "post",
  path: "/api/runs/{runId}/resume",
  scope: "packs.run",
  summary: "Let a worker go on with a run that nobody drives",
  params: runParams,
  body: { kind: "json", shape: object({}) },
  answers: { 202: { description: "A worker takes it as soon as it may go on.", shape: runStatusShape } },
  problems: ["RUN_UNKNOWN", "RUN_FINISHED"],
  handle: async (call) => {
    const { params, bearer, desk } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const { runId } = key.value;
    const resumed = await desk.service.resume(key.value, bearer);
    if (!resumed.ok) {
      return fail({ fault: resumed.fault });
    }
    const { status } = resumed.value;
    return isTerminal(status)
      ? fail({ fault: faultOf(runCodes, "RUN_FINISHED", { runId }) })
      : ok({ kind: "json", status: 202, body: { schemaVersion: 1, runId, status } });
  },
});
