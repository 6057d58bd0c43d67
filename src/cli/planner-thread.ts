import { parentPort } from "node:worker_threads";
import { answerJobs } from "#app/service/planner/answer-jobs.ts";
import { folders, inspectModule, sha256 } from "#compose.ts";

// Where a server's packs are planned: a thread of its own, which `startPlannerThread` begins.
if (parentPort !== null) {
  answerJobs(parentPort, { folders, sha256, inspectModule });
}
