import { Worker } from "node:worker_threads";
import { PLANNER_HEAP } from "#app/service/planner/planner.ts";

const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
/** One folder below `src` or `dist`, like this file, wherever the published program keeps it. */
const THREAD = new URL(`../cli/planner-thread.${extension}`, import.meta.url);
const CONDITIONS = extension === "ts" ? ["--conditions=@packrun/source"] : [];

/** Begins a thread that plans packs, without environment, arguments and standard input. */
export function startPlannerThread(): Worker {
  return new Worker(THREAD, {
    env: {},
    argv: [],
    execArgv: CONDITIONS,
    stdin: false,
    resourceLimits: { maxOldGenerationSizeMb: PLANNER_HEAP, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 },
  });
}
