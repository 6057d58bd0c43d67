import { canonicalKey, compareKeys, templateIdOf } from "./graph.ts";
import type { CommandBody } from "./command.ts";
import type { EventDraft } from "./event.ts";
import { outcomeOf } from "./outcome-of-run.ts";
import { resolveOutputs } from "./resolve-outputs.ts";
import { runningAttempts } from "./running-attempts.ts";
import type { RunState } from "./state.ts";
import { lostForGood, sweep } from "./stopping.ts";

type CommandOf<K extends CommandBody["kind"]> = Extract<CommandBody, { kind: K }>;

export function decideCreate(state: RunState, { metadata, reused = {} }: CommandOf<"create">): readonly EventDraft[] {
  const created: EventDraft = { eventType: "run.created", metadata };
  const { from: reusedFrom } = metadata;
  if (reusedFrom === undefined) {
    return [created];
  }
  const { graph } = state.live;
  const steps = Object.keys(reused)
    .map((stepId) => ({ stepId, key: canonicalKey(graph, stepId) ?? [] }))
    .filter(({ stepId }) => graph.byId.get(templateIdOf(stepId))?.node.kind === "run")
    .sort((a, b) => compareKeys(a.key, b.key));
  const taken = steps.map(({ stepId }): EventDraft => {
    const outputs = reused[stepId] ?? {};
    return { eventType: "step.succeeded", stepId, metadata: { durationMs: 0, outputs, reusedFrom } };
  });
  return [created, ...taken];
}

export function decideAcquire(state: RunState, { owner, fence }: CommandOf<"acquire">): readonly EventDraft[] {
  if (fence <= state.fence) {
    return [];
  }
  const acquired: EventDraft = { eventType: "lease.acquired", metadata: { owner, fence } };
  return state.startedAt === undefined
    ? [acquired]
    : [acquired, { eventType: "run.resumed", metadata: { owner, fence } }];
}

export function decideVerified(state: RunState, { engine }: CommandOf<"verified">): readonly EventDraft[] {
  if (state.fence === 0 || state.verified) {
    return [];
  }
  const verified: EventDraft = { eventType: "plan.verified", metadata: {} };
  const { mode } = state.plan.sandbox;
  return state.startedAt === undefined
    ? [verified, { eventType: "run.started", metadata: { engine, sandbox: { mode } } }]
    : [verified];
}

/** Attempts that an earlier driver left behind cannot be waited for: nothing of this run is driven any more. */
export function decideDrifted(state: RunState, command: CommandOf<"drifted">): readonly EventDraft[] {
  const { node, pointer, hint } = command;
  const drift: EventDraft = { eventType: "plan.drift", metadata: { node, pointer, code: "PLAN_DRIFT", hint } };
  const left = state.verified ? [] : runningAttempts(state);
  return [
    ...(state.stop?.reason === "PLAN_DRIFT" ? [] : [drift]),
    ...left.flatMap(({ stepId, attempt }) => lostForGood(stepId, attempt, "PLAN_DRIFT")),
  ];
}

/**
 * The host cannot enforce the sandbox: no event says so but the run's end, so all of it is decided at once. A run that
 * had failed or was stopping ends for the reason that it had.
 */
export function decideRefused(state: RunState, { reason }: CommandOf<"refused">): readonly EventDraft[] {
  const stop = { mode: "cancel", reason: state.stop?.reason ?? reason } as const;
  const { main, finally: last } = state.live;
  const left = runningAttempts(state).flatMap(({ stepId, attempt }) => lostForGood(stepId, attempt, stop.reason));
  const outcome = outcomeOf(state);
  const ended = outcome.status === "succeeded" ? { status: "failed" as const, reason } : outcome;
  return [
    ...left,
    ...sweep(main, stop),
    ...sweep(last, stop),
    { eventType: "run.finished", metadata: { ...ended, outputs: resolveOutputs(state) } },
  ];
}

export function decideCancel(command: CommandOf<"cancel"> & { readonly id: string }): readonly EventDraft[] {
  const { id: commandId, by, reason } = command;
  const metadata = { commandId, by, ...(reason === undefined ? {} : { reason }) };
  return [{ eventType: "run.cancelRequested", metadata }];
}
