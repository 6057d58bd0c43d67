import { millisecondsOf } from "#canon/timestamp.ts";
import { evolveGate } from "./evolve-gate.ts";
import { evolveSnapshot } from "./snapshots.ts";
import { evolveStep } from "./evolve-step.ts";
import type { LedgerEvent } from "./event.ts";
import { remember } from "./finish-step.ts";
import type { RunState } from "./state.ts";
import { isTerminal } from "./status.ts";

/** The inbox may not use ids that begin so; the core's own timers do. */
export const WALL_CLOCK_COMMAND = "timer:wall-clock";

/**
 * The state after one more event. Owns its argument: the state is changed in place and returned. O(1) amortised: every
 * step is finished once, every map expanded once. Never throws on an event that fits its shape: what does not fit the
 * plan or the state (a step that is not there, one that has ended) changes nothing but the head.
 */
export function evolve(state: RunState, event: LedgerEvent): RunState {
  const at = Math.max(state.lastTimestamp, millisecondsOf(event.timestamp) ?? 0);
  if (state.wall.since !== undefined && event.eventType !== "lease.acquired") {
    state.wall.usedMs += at - state.wall.since;
  }
  state.head = { sequence: event.sequence, hash: event.hash };
  state.lastTimestamp = at;
  if (!isTerminal(state.status)) {
    if (event.stepId !== undefined && endsWaiting(event)) {
      leaveWaiting(state);
    }
    evolveBy(state, event, at);
  }
  if (state.startedAt !== undefined && state.status === "running") {
    state.wall.since = at;
  } else {
    delete state.wall.since;
  }
  return state;
}

type RunEvent = Extract<LedgerEvent, { eventType: `run.${string}` | `plan.${string}` | `lease.${string}` }>;

function evolveBy(state: RunState, event: LedgerEvent, at: number): void {
  switch (event.eventType) {
    case "run.created":
    case "run.started":
    case "run.resumed":
    case "run.waiting":
    case "run.cancelRequested":
    case "run.finished":
    case "plan.verified":
    case "plan.drift":
    case "lease.acquired":
      evolveRun(state, event, at);
      return;
    case "evidence.snapshot":
    case "incident.opened":
    case "incident.closed":
      evolveSnapshot(state, event, at);
      return;
    case "gate.opened":
      state.snapshotDue = event.sequence;
      evolveGate(state, event, at);
      return;
    case "gate.decision":
    case "gate.refused":
    case "gate.passed":
    case "gate.rejected":
    case "gate.expired":
    case "policy.evaluated":
      evolveGate(state, event, at);
      return;
    case "map.expanded":
    case "step.started":
    case "step.output":
    case "step.artifact":
    case "step.retry":
    case "step.succeeded":
    case "step.failed":
    case "step.skipped":
    case "step.cancelled":
    case "step.lost":
    case "sandbox.enforced":
    case "egress.denied":
    case "secret.resolved":
      evolveStep(state, event, at);
  }
}

function evolveRun(state: RunState, event: RunEvent, at: number): void {
  switch (event.eventType) {
    case "run.created":
      state.createdAt = at;
      state.requestedBy = event.metadata.requestedBy;
      setOnce(state, "from", event.metadata.from);
      return;
    case "run.started":
      state.startedAt = at;
      state.status = "running";
      return;
    case "run.resumed":
      return;
    case "run.waiting":
      state.status = "waiting";
      return;
    case "run.cancelRequested":
      evolveCancel(state, event.metadata);
      return;
    case "run.finished":
      state.status = event.metadata.status;
      state.outputs = event.metadata.outputs;
      state.finishedAt = at;
      setOnce(state, "reason", event.metadata.reason);
      return;
    case "plan.verified":
      state.verified = true;
      return;
    case "plan.drift":
      leaveWaiting(state);
      state.stop = { mode: "cancel", reason: "PLAN_DRIFT" };
      state.finallyStop = state.stop;
      return;
    case "lease.acquired":
      state.owner = event.metadata.owner;
      state.fence = event.metadata.fence;
      state.verified = false;
  }
}

function setOnce(state: RunState, member: "from" | "reason", value: string | undefined): void {
  if (value !== undefined) {
    state[member] = value;
  }
}

/** The first cancel ends what runs and lets `finally` run; another one, once `finally` has begun, ends that too. */
function evolveCancel(state: RunState, cancel: { readonly commandId: string; readonly by: string }): void {
  leaveWaiting(state);
  remember(state, cancel.commandId);
  const again = state.stop?.mode === "cancel" && state.stop.reason !== "RUN_STOPPING";
  if (cancel.commandId === WALL_CLOCK_COMMAND) {
    state.stop = { mode: "cancel", reason: "RUN_WALL_CLOCK" };
    return;
  }
  state.cancelledBy ??= cancel.by;
  if (again && state.live.finally.open) {
    state.finallyStop ??= { mode: "cancel", reason: "RUN_CANCELLED" };
  }
  if (!again) {
    state.stop = { mode: "cancel", reason: "RUN_CANCELLED" };
  }
}

/** A decision that leaves the gate open, and a refusal, change nothing about the run's waiting. */
function endsWaiting(event: LedgerEvent): boolean {
  return event.eventType !== "gate.decision" && event.eventType !== "gate.refused";
}

function leaveWaiting(state: RunState): void {
  if (state.status === "waiting") {
    state.status = "running";
  }
}
