import { compareInstances, isLeft, siblingOf, type Instance } from "./instance.ts";
import { give, setReady } from "./ready-tree.ts";
import type { StepRecord } from "./run-record.ts";
import { reach, type RunState } from "./state.ts";
import type { StepStatus } from "./status.ts";

type End = { readonly status: StepStatus; readonly at: number; readonly reason?: string };

/** The record of a step, made when its first event comes. */
export function touch(state: RunState, instance: Instance): StepRecord {
  const record = instance.record ?? { status: "pending", attempts: 0 };
  instance.record = record;
  state.steps[instance.id] = record;
  return record;
}

/** Something inside has begun: the containers around it are open. */
export function openAround(state: RunState, instance: Instance, at: number): void {
  for (let around = instance.parent; around !== undefined && isLeft(around); around = around.parent) {
    const record = touch(state, around);
    if (record.status === "running") {
      return;
    }
    record.status = "running";
    record.startedAt = at;
    openContainer(state, around);
  }
}

/** What is directly inside a container may be reached from now on. */
export function openContainer(state: RunState, container: Instance): void {
  container.phase = "admitted";
  if (container.opened) {
    return;
  }
  container.opened = true;
  for (const iteration of container.kids) {
    reachUnblocked(state, iteration);
  }
}

function reachUnblocked(state: RunState, siblings: readonly Instance[]): void {
  for (const sibling of siblings) {
    if (sibling.phase === "blocked" && sibling.needsLeft === 0) {
      reach(sibling, state.live);
    }
  }
}

/** Ends a step, and with it what depends on nothing else: the container around it, and the wait of its dependents. */
export function finish(state: RunState, instance: Instance, end: End): void {
  let ending = instance;
  let how = end;
  for (;;) {
    endOne(state, ending, how);
    release(state, ending);
    const around = ending.parent;
    if (around === undefined) {
      ending.section.left -= 1;
      openFinally(state);
      return;
    }
    around.kidsLeft -= 1;
    if (around.kidsLeft > 0 || !isLeft(around)) {
      return;
    }
    ending = around;
    how = { ...endOfContainer(around), at: end.at };
  }
}

function endOne(state: RunState, instance: Instance, end: End): void {
  const record = touch(state, instance);
  record.status = end.status;
  record.endedAt = end.at;
  if (end.reason !== undefined) {
    record.reason = end.reason;
  }
  delete record.notBefore;
  leavePlaces(state, instance);
  closeInside(state, instance, end);
  if (end.status === "failed" && isOwnFailure(instance)) {
    noteFailure(state, instance, end.reason ?? "");
  }
}

/** Containers that fail because of something inside them are no failures of their own. */
function isOwnFailure(instance: Instance): boolean {
  return !instance.kids.some((iteration) => iteration.some((kid) => kid.record?.status === "failed"));
}

function leavePlaces(state: RunState, instance: Instance): void {
  const { live } = state;
  instance.phase = "ended";
  land(state, instance);
  setReady(instance.slot, false);
  live.opening.delete(instance);
  live.open.delete(instance);
  live.policies.delete(instance);
}

/** Its attempt holds no place any more. */
export function land(state: RunState, instance: Instance): void {
  if (instance.inFlight) {
    instance.inFlight = false;
    state.live.flight.delete(instance);
    give(instance.slot);
  }
}

/** What is inside a container that was skipped, or failed before it opened, goes with it. */
function closeInside(state: RunState, container: Instance, end: End): void {
  for (const kid of container.kids.flat()) {
    if (isLeft(kid)) {
      const record = touch(state, kid);
      record.status = "skipped";
      record.reason = end.status === "skipped" ? (end.reason ?? "") : "UPSTREAM_FAILED";
      record.endedAt = end.at;
      leavePlaces(state, kid);
      closeInside(state, kid, { status: "skipped", reason: record.reason, at: end.at });
    }
  }
}

function endOfContainer(container: Instance): Omit<End, "at"> {
  const kids = container.kids.flat();
  const failed = kids.find((kid) => kid.record?.status === "failed" && !kid.at.node.continueOnError);
  const found = failed ?? kids.find((kid) => kid.record?.status === "cancelled");
  const reason = found?.record?.reason;
  const status = failed === undefined ? (found === undefined ? "succeeded" : "cancelled") : "failed";
  return reason === undefined || status === "succeeded" ? { status } : { status, reason };
}

function release(state: RunState, ended: Instance): void {
  const around = ended.parent?.opened ?? ended.section.open;
  for (const dependent of ended.at.dependents) {
    const sibling = siblingOf(ended, dependent);
    if (sibling !== undefined) {
      sibling.needsLeft -= 1;
      if (sibling.needsLeft === 0 && sibling.phase === "blocked" && around) {
        reach(sibling, state.live);
      }
    }
  }
}

function openFinally(state: RunState): void {
  const { main, finally: last } = state.live;
  if (main.left === 0 && !last.open) {
    last.open = true;
    reachUnblocked(state, last.roots);
  }
}

/** Keeps the first failure in canonical order, and stops the run where its failure policy says so. */
function noteFailure(state: RunState, instance: Instance, reason: string): void {
  if (instance.at.shielded) {
    return;
  }
  const first = state.failure === undefined ? undefined : state.live.byId.get(state.failure.stepId);
  if (first === undefined || compareInstances(instance, first) < 0) {
    state.failure = { stepId: instance.id, reason };
  }
  const { onFailure } = state.plan.failurePolicy;
  if (!instance.at.inFinally && onFailure !== "skip-dependents") {
    state.stop ??= { mode: onFailure, reason: "RUN_STOPPING" };
  }
}

/** An inbox command that events record: it decides nothing again. */
export function remember(state: RunState, commandId: string): void {
  if (!state.live.seen.has(commandId)) {
    state.live.seen.add(commandId);
    state.commandIds.push(commandId);
  }
}
