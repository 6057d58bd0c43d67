import { readRun } from "#app/read-run.ts";
import { runDetail } from "#app/run-detail.ts";
import { fail, ok } from "#fault/result.ts";
import { guarded } from "../route.ts";
import { runOf, runParams } from "./run-path.ts";
import { runShape } from "./run-shapes.ts";

export const readRunRoute = guarded({
  id: "readRun",
  method: "get",
  path: "/api/runs/{runId}",
  scope: "packs.read",
  summary: "A run: its graph with statuses and attempts, what it waits for, and its place in the queue",
  params: runParams,
  answers: { 200: { description: "The run as its ledger says.", shape: runShape } },
  problems: ["RUN_UNKNOWN"],
  handle: async (call) => {
    const { params, workplace, desk } = call;
    const key = await runOf(call, params.runId);
    if (!key.ok) {
      return key;
    }
    const run = await readRun(key.value, workplace);
    if (!run.ok) {
      return fail({ fault: run.fault });
    }
    const queue = run.value.state.status === "pending" ? await desk.service.queueOf(key.value) : undefined;
    const body = {
      schemaVersion: 1,
      ...runDetail(run.value.state, workplace.clock.now()),
      ...(queue === undefined ? {} : { queue }),
    };
    return ok({ kind: "json", status: 200, body });
  },
});
