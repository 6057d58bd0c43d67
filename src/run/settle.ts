import type { EventDraft } from "./event.ts";
import { WALL_CLOCK_COMMAND } from "./evolve.ts";
import { examineReached } from "./examine.ts";
import { countedDecisions, hasQuorum } from "./gate-standing.ts";
import { compareInstances, type Section, type Wait } from "./instance.ts";
import type { Moment } from "./moment.ts";
import { outcomeOf } from "./outcome-of-run.ts";
import { firstReady, setReady } from "./ready-tree.ts";
import { resolveOutputs } from "./resolve-outputs.ts";
import { entryOf, type Stop } from "./run-record.ts";
import type { RunState } from "./state.ts";
import { isTerminal } from "./status.ts";
import { settleIncident } from "./snapshots.ts";
import { stopOf, sweep } from "./stopping.ts";

/**
 * What follows by itself from the state at this moment, in canonical order; empty when nothing does. Its events have to
 * be folded before it is asked again. Costs what was reached, came due or was decided since.
 */
export function settle(state: RunState, moment: Moment): readonly EventDraft[] {
  if (isTerminal(state.status) || !isDriven(state)) {
    return [];
  }
  const over = settleIncident(state, moment);
  if (over.length > 0) {
    return over;
  }
  const timeUp = wallClockEnd(state);
  if (timeUp !== undefined && moment.now >= timeUp) {
    const metadata = { commandId: WALL_CLOCK_COMMAND, by: "engine", reason: "RUN_WALL_CLOCK" };
    return [{ eventType: "run.cancelRequested", metadata }];
  }
  const swept = sweepStopped(state);
  if (swept.length > 0) {
    return swept;
  }
  endWaits(state, moment.now);
  const gates = settleGates(state, moment.now);
  const drafts = inCanonicalOrder(state, [...examineReached(state, moment), ...gates]);
  return drafts.length > 0 ? drafts : finishOrWait(state);
}

/** Steps go on only under a lease whose holder has recompiled the plan; a drifted run is only wound up. */
export function isDriven(state: RunState): boolean {
  return state.stop?.reason === "PLAN_DRIFT" || (state.verified && state.startedAt !== undefined);
}

/**
 * When the wall clock runs out, in milliseconds since 1970; undefined while it stands still or can end nothing more:
 * `finally` is bounded by the timeouts and attempts of its own steps alone.
 */
export function wallClockEnd(state: RunState): number | undefined {
  const { wallClockMs } = state.plan.sandbox;
  const { since, usedMs } = state.wall;
  const ending = state.stop?.mode === "cancel" && state.stop.reason !== "RUN_STOPPING";
  return wallClockMs === undefined || since === undefined || ending || state.live.main.left === 0
    ? undefined
    : since + Math.max(0, wallClockMs - usedMs);
}

function sweepStopped(state: RunState): readonly EventDraft[] {
  const { main, finally: last } = state.live;
  return [...sweepOnce(main, state.stop), ...sweepOnce(last, state.finallyStop)];
}

function sweepOnce(section: Section, stop: Stop | undefined): readonly EventDraft[] {
  if (stop === undefined || section.swept) {
    return [];
  }
  const drafts = sweep(section, stop);
  section.swept = drafts.length === 0;
  return drafts;
}

/** Steps whose wait before the next attempt is over may run. */
function endWaits(state: RunState, now: number): void {
  for (let due = nextWait(state); due !== undefined && due.notBefore <= now; due = nextWait(state)) {
    state.live.waits.pop();
    setReady(due.instance.slot, true);
  }
}

/** The wait that ends first. */
export function nextWait(state: RunState): Wait | undefined {
  const { waits } = state.live;
  for (;;) {
    const wait = waits.peek();
    if (wait === undefined || stillWaits(wait)) {
      return wait;
    }
    waits.pop();
  }
}

function stillWaits({ instance, notBefore }: Wait): boolean {
  const { record, slot, inFlight } = instance;
  return record?.status === "pending" && record.notBefore === notBefore && !slot.ready && !inFlight;
}

/** One rejection rejects; an open gate expires, unless it has its approvals and is only being checked once more. */
function settleGates(state: RunState, now: number): readonly EventDraft[] {
  const drafts: EventDraft[] = [];
  for (const instance of state.live.open) {
    const { id: stepId } = instance;
    const notAfter = entryOf(state.gates, stepId)?.opened?.notAfter ?? 0;
    if (stopOf(state, instance) !== undefined) {
      continue;
    }
    if (countedDecisions(state, stepId).some((decision) => decision.decision === "reject")) {
      drafts.push({ eventType: "gate.rejected", stepId, metadata: {} });
    } else if (now >= notAfter && !hasQuorum(state, stepId)) {
      drafts.push({ eventType: "gate.expired", stepId, metadata: {} });
    }
  }
  return drafts;
}

function inCanonicalOrder(state: RunState, drafts: readonly EventDraft[]): readonly EventDraft[] {
  const { byId } = state.live;
  return drafts.toSorted((a, b) => {
    const left = byId.get(a.stepId ?? "");
    const right = byId.get(b.stepId ?? "");
    return left === undefined || right === undefined ? 0 : compareInstances(left, right);
  });
}

function finishOrWait(state: RunState): readonly EventDraft[] {
  const { main, finally: last, open, opening, policies, flight } = state.live;
  if (main.left === 0 && last.left === 0) {
    const outputs = resolveOutputs(state);
    return [{ eventType: "run.finished", metadata: { ...outcomeOf(state), outputs } }];
  }
  const gates = [...open].sort(compareInstances).map((instance) => instance.id);
  const onlyWaits =
    state.status === "running" &&
    gates.length > 0 &&
    opening.size === 0 &&
    policies.size === 0 &&
    flight.size === 0 &&
    !gates.some((stepId) => hasQuorum(state, stepId)) &&
    nextWait(state) === undefined &&
    firstReady(main.scope) === undefined;
  return onlyWaits ? [{ eventType: "run.waiting", metadata: { gates } }] : [];
}
