import type { Fault } from "./fault.ts";

/** The same fault with the run before its message, where several runs are read at once. */
export function faultOfRun(runId: string, fault: Fault): Fault {
  return { ...fault, message: `run ${runId}: ${fault.message}` };
}
