/** `verifying` is reserved. Terminal is terminal: succeeded, failed, cancelled, and for steps skipped. */
export type RunStatus = "pending" | "running" | "waiting" | "succeeded" | "failed" | "cancelled";
export type StepStatus = RunStatus | "skipped";

export function isTerminal(status: StepStatus): boolean {
  return status === "succeeded" || status === "failed" || status === "skipped" || status === "cancelled";
}
