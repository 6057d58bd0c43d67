import type { Effect } from "./effect.ts";
import { countedDecisions, hasQuorum } from "./gate-standing.ts";
import { compareInstances, type Instance, type Section } from "./instance.ts";
import { land } from "./finish-step.ts";
import { firstReady, give, setReady, take } from "./ready-tree.ts";
import { isSecret } from "./resolve.ts";
import { entryOf } from "./run-record.ts";
import { isDriven, nextWait, wallClockEnd } from "./settle.ts";
import { snapshotEffects } from "./snapshots.ts";
import { fly, type RunState } from "./state.ts";
import { isTerminal } from "./status.ts";
import { isToBeEnded, stopOf } from "./stopping.ts";

/**
 * Everything that the run wants done now: attempts (at most `maxParallel`, the earlier in canonical order first), gates,
 * policies, timers. What was listed to run stays listed until it has ended or shall end, so that nothing that a driver
 * has begun is displaced by what becomes ready later; the state keeps note of it. Where all places are taken, the step
 * that gets the next one is named, too. Costs what is in flight and open.
 */
export function todo(state: RunState, maxParallel: number): readonly Effect[] {
  if (isTerminal(state.status) || !isDriven(state) || !state.verified) {
    return [];
  }
  const { main, finally: last } = state.live;
  const section = main.left > 0 ? main : last;
  fillPlaces(state, section, maxParallel);
  return [
    ...attempts(state),
    ...upcoming(state, section, maxParallel),
    ...gates(state),
    ...snapshotEffects(state),
    ...timers(state),
  ];
}

function fillPlaces(state: RunState, section: Section, maxParallel: number): void {
  const { flight } = state.live;
  if (flight.size > maxParallel) {
    giveBack(state, flight.size - maxParallel);
  }
  if (stopOf(state, { section }) !== undefined) {
    return;
  }
  while (flight.size < maxParallel) {
    const next = firstReady(section.scope);
    if (next === undefined) {
      return;
    }
    fly(next, state.live);
  }
}

/** Fewer places than before: what was listed but has not started gives way, the last in canonical order first. */
function giveBack(state: RunState, count: number): void {
  const listed = [...state.live.flight].filter((instance) => instance.record?.status !== "running");
  for (const instance of listed.sort((a, b) => compareInstances(b, a)).slice(0, count)) {
    land(state, instance);
    setReady(instance.slot, true);
  }
}

function attempts(state: RunState): readonly Effect[] {
  return [...state.live.flight]
    .filter((instance) => !isToBeEnded(state, instance))
    .sort(compareInstances)
    .map((instance) => ({ kind: "attempt", ...attemptOf(instance) }));
}

function attemptOf({ id: stepId, record }: Instance): Omit<Extract<Effect, { kind: "attempt" }>, "kind"> {
  const attempt = (record?.attempts ?? 0) + (record?.status === "running" ? 0 : 1);
  return { key: `run:${stepId}:${attempt}`, stepId, attempt };
}

/** How many steps are named that get the next places: two that end together are followed without a pause. */
const AHEAD = 2;

/** A secret is not fetched before its step's turn has come. */
function upcoming(state: RunState, section: Section, maxParallel: number): readonly Effect[] {
  const isFull = maxParallel > 0 && state.live.flight.size >= maxParallel;
  if (!isFull || stopOf(state, { section }) !== undefined) {
    return [];
  }
  return nextReady(section.scope, Math.min(maxParallel, AHEAD))
    .filter((next) => !hasSecret(next))
    .map((next) => ({ kind: "upcoming", ...attemptOf(next) }));
}

/** The first so many that are ready, as if each took its place before the next one is looked for. */
function nextReady(scope: Section["scope"], count: number): readonly Instance[] {
  const found: Instance[] = [];
  for (let next = firstReady(scope); next !== undefined && found.length < count; next = firstReady(scope)) {
    take(next.slot);
    found.push(next);
  }
  for (const { slot } of found) {
    give(slot);
    setReady(slot, true);
  }
  return found;
}

function hasSecret({ at: { node } }: Instance): boolean {
  return node.kind === "run" && Object.values(node.env).some((value) => isSecret(value));
}

function gates(state: RunState): readonly Effect[] {
  const { opening, open, policies } = state.live;
  const wanted = (found: ReadonlySet<Instance>): readonly Instance[] =>
    [...found].filter((instance) => stopOf(state, instance) === undefined).sort(compareInstances);
  return [
    ...wanted(opening).map(({ id }): Effect => ({ kind: "openGate", key: `open:${id}`, stepId: id })),
    ...wanted(open)
      .filter(({ id }) => hasQuorum(state, id))
      .map(({ id }) => confirmation(state, id)),
    ...wanted(policies).map(({ id }): Effect => ({ kind: "policy", key: `policy:${id}`, stepId: id })),
  ];
}

function confirmation(state: RunState, stepId: string): Effect {
  const decisions = entryOf(state.gates, stepId)?.decisions.length ?? 0;
  const approvals = countedDecisions(state, stepId).map((decision) => decision.payloadDigest);
  return { kind: "confirmGate", key: `confirm:${stepId}:${decisions}`, stepId, approvals };
}

/** The next timer of each kind: the one behind it is listed once it has fired. */
function timers(state: RunState): readonly Effect[] {
  const found: Effect[] = [];
  const wait = nextWait(state);
  if (wait !== undefined) {
    const { id, record } = wait.instance;
    found.push({ kind: "timer", key: `timer:retry:${id}:${record?.attempts ?? 0}`, dueAt: wait.notBefore });
  }
  const expiry = nextExpiry(state);
  if (expiry !== undefined) {
    found.push(expiry);
  }
  const end = wallClockEnd(state);
  if (end !== undefined) {
    found.push({ kind: "timer", key: "timer:wall-clock", dueAt: end });
  }
  return found;
}

function nextExpiry(state: RunState): Effect | undefined {
  let first: { readonly id: string; readonly dueAt: number } | undefined;
  for (const { id } of state.live.open) {
    const dueAt = entryOf(state.gates, id)?.opened?.notAfter ?? 0;
    if (!hasQuorum(state, id) && (first === undefined || dueAt < first.dueAt)) {
      first = { id, dueAt };
    }
  }
  return first === undefined ? undefined : { kind: "timer", key: `timer:gate:${first.id}`, dueAt: first.dueAt };
}
