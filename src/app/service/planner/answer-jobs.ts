import type { MessagePort } from "node:worker_threads";
import type { PackPorts } from "../../pack-folder.ts";
import { carryOut } from "./carry-out.ts";
import type { PlannerAnswers, PlannerJob, PlannerReply } from "./planner-job.ts";

/** What a planner's thread does as long as it lives: one job after the other, as they come. */
export function answerJobs(port: MessagePort, ports: PackPorts): void {
  const say = (reply: PlannerReply, moved: readonly ArrayBuffer[] = []): void => port.postMessage(reply, [...moved]);
  port.on("message", (job: PlannerJob) => {
    void carryOut(job, ports).then(
      (answer) => say({ kind: "answer", answer }, bytesOf(answer)),
      (error: unknown) => say({ kind: "thrown", error }),
    );
  });
  say({ kind: "ready" });
}

/** The plan of an answer crosses as it is, not as a copy, where nothing else lies in its memory. */
function bytesOf(answer: PlannerAnswers[PlannerJob["kind"]]): readonly ArrayBuffer[] {
  const value: unknown = answer.ok ? answer.value : undefined;
  const bytes = typeof value === "object" && value !== null && "bytes" in value ? value.bytes : value;
  const isAlone = bytes instanceof Uint8Array && bytes.byteLength === bytes.buffer.byteLength;
  return isAlone && bytes.buffer instanceof ArrayBuffer ? [bytes.buffer] : [];
}
