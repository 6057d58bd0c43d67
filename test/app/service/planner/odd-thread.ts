import { parentPort, workerData } from "node:worker_threads";
import type { DeclaredInputs } from "#app/pack-inputs.ts";
import { refusedBy } from "#app/plan-refusal.ts";
import type { PlannerJob, PlannerReply } from "#app/service/planner/planner-job.ts";
import { ok } from "#fault/result.ts";

// A thread that does what the folder of a job says, or what it was begun with where a job has none, and otherwise answers that.
const say = (reply: PlannerReply): void => parentPort?.postMessage(reply, []);
parentPort?.on("message", (job: PlannerJob) => {
  const folder = "folder" in job ? job.folder : String(workerData);
  switch (folder) {
    case "hang":
      for (;;);
    case "exit":
      process.exit(3);
    case "break":
      throw new Error("it broke");
    case "memory": {
      const kept: unknown[] = [];
      for (;;) {
        kept.push(Array.from({ length: 10_000 }, (_, at) => ({ at })));
      }
    }
    case "throw":
      say({ kind: "thrown", error: new TypeError("a bug") });
      return;
    case "refuse":
      say({ kind: "answer", answer: refusedBy({ code: "PACK_FILE_MISSING", message: "no pack" }) });
      return;
    default: {
      const declared: DeclaredInputs = { [folder]: { type: "string", required: true } };
      say({ kind: "answer", answer: ok(declared) });
    }
  }
});
say({ kind: "ready" });
