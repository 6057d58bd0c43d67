import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import type { LedgerEvent } from "#run/event.ts";
import { siblingOf, type Instance } from "#run/instance.ts";
import { approvalsOf, expiredSince, requiredApprovals } from "#run/gate-standing.ts";
import type { RunState } from "#run/state.ts";
import { isTerminal, type StepStatus } from "#run/status.ts";
import { whenOf } from "./foreknowledge.ts";
import { templateText } from "./template-text.ts";
import { seconds, transitionOf } from "./transition.ts";

/** Why a step of a run ran, waited, was skipped or tried again, and what became of it. */
export type StepStory = {
  readonly id: string;
  readonly kind: string;
  readonly status: StepStatus;
  readonly reason?: string;
  /** Sentences without an end mark: what it stood behind, what let it go on, what it waits for now. */
  readonly why: readonly string[];
  /** What its ledger events say, in order. */
  readonly events: readonly { readonly at: Timestamp; readonly text: string }[];
};

/** A shorter wait than this for a free place is not told, in milliseconds. */
const WORTH_TELLING_MS = 100;

/**
 * The story of one step from the fold of its run and the events that bear its id, as it stands at `now`, in milliseconds since
 * 1970; undefined where the run has no such step.
 */
export function stepStory(
  state: RunState,
  stepId: string,
  events: readonly LedgerEvent[],
  now: number,
): StepStory | undefined {
  const instance = state.live.byId.get(stepId);
  if (instance === undefined) {
    return undefined;
  }
  const { status = "pending", reason } = instance.record ?? {};
  return {
    id: stepId,
    kind: instance.at.node.kind,
    status,
    ...(reason === undefined ? {} : { reason }),
    why: [
      ...behind(state, instance, now),
      ...conditionOf(instance),
      ...placeOf(instance),
      ...waitsFor(state, instance, now),
    ],
    events: events.flatMap((event) => {
      const told = transitionOf(event);
      return told === undefined ? [] : [{ at: event.timestamp, text: `${told.mark} ${told.text}` }];
    }),
  };
}

/** The container around it and the siblings before it. */
function behind(state: RunState, instance: Instance, now: number): readonly string[] {
  const { parent, at } = instance;
  const inside =
    parent === undefined
      ? []
      : [
          `it is inside ${parent.id}${parent.at.node.kind === "map" ? `, item ${instance.item}` : ""}${standing(state, parent, now)}`,
        ];
  const needs = at.needs.flatMap((need) => {
    const needed = siblingOf(instance, need);
    return needed === undefined ? [] : [`it needs ${needed.id}${standing(state, needed, now)}`];
  });
  const first = parent === undefined && at.needs.length === 0;
  const last = at.inFinally
    ? "it is the first of finally, which begins when all else has ended"
    : "it is the first step";
  return [...inside, ...needs, ...(first ? [last] : [])];
}

function standing(state: RunState, { id, record }: Instance, now: number): string {
  const { status = "pending", reason } = record ?? {};
  const why = reason === undefined ? "" : ` (${reason})`;
  if (expiredSince(state, id, now) !== undefined) {
    return ", which has expired";
  }
  return isTerminal(status) ? `, which ${PAST[status] ?? status}${why}` : `, which is ${status}`;
}

const PAST: Partial<Record<StepStatus, string>> = {
  succeeded: "succeeded",
  failed: "failed",
  skipped: "was skipped",
  cancelled: "was cancelled",
};

function conditionOf({ at, record }: Instance): readonly string[] {
  const when = whenOf(at.node);
  if (when === undefined) {
    return [];
  }
  if (typeof when === "boolean") {
    return [`its condition was ${when} when it was planned`];
  }
  const text = `its condition ${templateText(when)}`;
  if (record?.reason === "WHEN_FALSE") {
    return [`${text} was false`];
  }
  const went = record !== undefined && record.status !== "skipped";
  return [went ? `${text} was true` : `${text} was not asked yet`];
}

/** How long it was ready and had no free place: from the end of all it needs to its first attempt. */
function placeOf(instance: Instance): readonly string[] {
  const { record, parent } = instance;
  const started = record?.startedAt;
  if (started === undefined || instance.at.node.kind !== "run") {
    return [];
  }
  const ends = instance.at.needs.map((need) => siblingOf(instance, need)?.record?.endedAt ?? 0);
  const ready = Math.max(0, parent?.record?.startedAt ?? 0, ...ends);
  const waited = started - ready;
  return ready === 0 || waited < WORTH_TELLING_MS
    ? []
    : [`it was ready for ${seconds(waited)} before it started: --max-parallel and maxParallel bound what runs at once`];
}

function waitsFor(state: RunState, instance: Instance, now: number): readonly string[] {
  const { record, id, at } = instance;
  const status = record?.status ?? "pending";
  if (isTerminal(status)) {
    return status === "skipped" && record?.reason === "RUN_STOPPING" ? [stopText(state)] : [];
  }
  if (at.node.kind === "gate.approval" && state.live.open.has(instance)) {
    const have = `${approvalsOf(state, id)} of ${requiredApprovals(state, id)} approvals`;
    const over = expiredSince(state, id, now);
    return over === undefined
      ? [`it has ${have}: \`packrun approvals list\``]
      : [`it expired ${timestampOf(over)} with ${have}: \`packrun resume ${state.identity.runId}\` records that`];
  }
  if (record?.notBefore !== undefined) {
    return ["it waits before its next attempt"];
  }
  const blocking = at.needs.filter((need) => !isTerminal(siblingOf(instance, need)?.record?.status ?? "pending"));
  return blocking.length > 0 || status === "running" ? [] : [`the run is ${state.status}`];
}

function stopText(state: RunState): string {
  const { failure, stop } = state;
  return failure === undefined
    ? `the run was stopping (${stop?.reason ?? "RUN_STOPPING"})`
    : `the run was stopping because ${failure.stepId} failed (${failure.reason})`;
}
