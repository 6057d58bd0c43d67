import type { StepStatus } from "#run/status.ts";
import type { StepRecord } from "./step-record.ts";

/**
 * What is wrong with an event: `nodes` when the plan has nothing like it, `order` when it came at a wrong moment, `size`
 * when the run would have more instances than are looked at.
 */
export type Disorder = { readonly check: "nodes" | "order" | "size"; readonly problem: string };

export type At = { readonly id: string; readonly record: StepRecord };

export function order(problem: string): Disorder {
  return { check: "order", problem };
}

export function notInPlan(problem: string): Disorder {
  return { check: "nodes", problem };
}

/**
 * Attempts follow each other one by one; the next one begins only after a retry was recorded. What is no run step has
 * one attempt at most, which can only fail: that it could not do what it is for.
 */
export function beginAttempt(at: At, attempt: number): Disorder | undefined {
  const { node, stage } = at.record;
  const again = node.kind === "run" && (stage === "retry" || (stage === "lost" && node.idempotent));
  if (stage !== "none" && !again) {
    return order(`${at.id} starts again although it may not`);
  }
  if (attempt !== at.record.attempt + 1) {
    return order(`attempt ${attempt} of ${at.id} follows attempt ${at.record.attempt}`);
  }
  return undefined;
}

export function endAttempt(at: At, attempt: number | undefined, status: "succeeded" | "failed"): Disorder | undefined {
  const { node, stage } = at.record;
  if (status === "succeeded" && node.kind !== "run") {
    return notInPlan(`step.succeeded names ${at.id}, which is no run step`);
  }
  const runs = stage === "running" || (stage === "lost" && status === "failed");
  return runs && at.record.attempt === attempt
    ? settle(at, status)
    : order(`attempt ${attempt ?? 0} of ${at.id} ends although it does not run`);
}

export function loseAttempt(at: At, attempt: number | undefined): Disorder | undefined {
  if (at.record.stage !== "running" || at.record.attempt !== attempt) {
    return order(`step.lost of ${at.id} comes outside its attempt`);
  }
  at.record.stage = "lost";
  return undefined;
}

/** Ends an attempt that failed or was lost, with more to come: `step.failed` is only ever the last word. */
export function retryAttempt(at: At, attempt: number | undefined): Disorder | undefined {
  const { record } = at;
  const { node, stage } = record;
  if (node.kind !== "run" || (stage !== "running" && stage !== "lost") || record.attempt !== attempt) {
    return order(`step.retry of ${at.id} follows no attempt that ended`);
  }
  if (attempt >= node.retry.maxAttempts && !(stage === "lost" && node.idempotent)) {
    return order(`${at.id} is tried again after its last attempt`);
  }
  record.stage = "retry";
  return undefined;
}

export function reuse(at: At, attempt: number | undefined): Disorder | undefined {
  if (at.record.node.kind !== "run") {
    return notInPlan(`${at.id} is taken over, which is no run step`);
  }
  return at.record.stage === "none" && attempt === undefined
    ? settle(at, "succeeded")
    : order(`${at.id} is taken over although it ran`);
}

/** Sets the status of a leaf, or of a container that was skipped or failed before it opened. */
export function settle(at: At, status: StepStatus): Disorder | undefined {
  if (at.record.count !== undefined) {
    return order(`${at.id} ends by an event of its own although it was expanded`);
  }
  if (at.record.status !== undefined) {
    return order(`${at.id} ends a second time`);
  }
  at.record.status = status;
  at.record.stage = "ended";
  return undefined;
}
