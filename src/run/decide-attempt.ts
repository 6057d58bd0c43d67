import { timestampOf } from "#canon/timestamp.ts";
import { misfitsOf, record } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { NAME, type RunNode } from "#plan/plan.ts";
import { runCodes } from "./codes.ts";
import type { CommandBody } from "./command.ts";
import type { EventDraft, Metadata } from "./event.ts";
import type { Instance } from "./instance.ts";
import type { Moment } from "./moment.ts";
import type { AttemptOutcome } from "./outcome.ts";
import { retryWait } from "./retry-wait.ts";
import type { RunState } from "./state.ts";
import { cancelled, lostForGood, stopOf } from "./stopping.ts";
import { valueShape } from "./value.ts";

type CommandOf<K extends CommandBody["kind"]> = Extract<CommandBody, { kind: K }>;
type Attempt = {
  readonly instance: Instance;
  readonly node: RunNode;
  readonly stepId: string;
  readonly attempt: number;
  readonly started: boolean;
};

/** The attempt that a command speaks of: the one that runs, or the next one of a step that may start. */
function attemptOf(state: RunState, { stepId, attempt }: { stepId: string; attempt: number }): Attempt | undefined {
  const instance = state.live.byId.get(stepId);
  if (instance?.at.node.kind !== "run") {
    return undefined;
  }
  const found = { instance, node: instance.at.node, stepId, attempt };
  const attempts = instance.record?.attempts ?? 0;
  if (instance.record?.status === "running") {
    return attempts === attempt ? { ...found, started: true } : undefined;
  }
  const mayStart = (instance.slot.ready || instance.inFlight) && stopOf(state, instance) === undefined;
  return mayStart && state.verified && attempt === attempts + 1 ? { ...found, started: false } : undefined;
}

export function decideStart(state: RunState, command: CommandOf<"start">): readonly EventDraft[] {
  const found = attemptOf(state, command);
  if (found === undefined || found.started) {
    return [];
  }
  const { stepId, attempt, exe, secrets, enforced } = command;
  const drafts: EventDraft[] = [
    { eventType: "step.started", stepId, attempt, metadata: exe === undefined ? {} : { exe } },
    ...secrets.map((secret): EventDraft => ({ eventType: "secret.resolved", stepId, attempt, metadata: secret })),
  ];
  if (enforced !== undefined) {
    drafts.push({ eventType: "sandbox.enforced", stepId, attempt, metadata: enforced });
  }
  return drafts;
}

export function decideOutput(state: RunState, command: CommandOf<"output"> & { id: string }): readonly EventDraft[] {
  const found = attemptOf(state, command);
  if (found?.started !== true || found.instance.lastOutput === command.id) {
    return [];
  }
  found.instance.lastOutput = command.id;
  const { stepId, attempt, output } = command;
  return [{ eventType: "step.output", stepId, attempt, metadata: output }];
}

export function decideEnded(state: RunState, command: CommandOf<"ended">, moment: Moment): readonly EventDraft[] {
  const found = attemptOf(state, command);
  const { outcome } = command;
  if (found === undefined || (!found.started && outcome.kind === "cancelled")) {
    return [];
  }
  const { stepId, attempt } = found;
  const started: EventDraft = { eventType: "step.started", stepId, attempt, metadata: {} };
  return [...(found.started ? [] : [started]), ...reports(found, outcome), ...endOf(state, found, outcome, moment)];
}

/** What is known of an attempt whatever its end: denied connections, output files. */
function reports({ stepId, attempt }: Attempt, outcome: AttemptOutcome): readonly EventDraft[] {
  return [
    ...(outcome.denied ?? []).map((metadata): EventDraft => ({
      eventType: "egress.denied",
      stepId,
      attempt,
      metadata,
    })),
    ...outcome.artifacts.map((metadata): EventDraft => ({ eventType: "step.artifact", stepId, attempt, metadata })),
  ];
}

function endOf(state: RunState, found: Attempt, outcome: AttemptOutcome, moment: Moment): readonly EventDraft[] {
  const { stepId, attempt } = found;
  switch (outcome.kind) {
    case "succeeded":
      return [succeededOrMisreported(found, outcome)];
    case "failed":
      return [failedOrRetried(state, found, outcome, moment)];
    case "cancelled": {
      const stop = stopOf(state, found.instance);
      // A driver that ended an attempt which the run still wants was called off itself: the attempt is lost.
      return stop?.mode === "cancel" ? [cancelled(stepId, attempt, stop.reason)] : afterLoss(state, found, moment);
    }
  }
}

const outputs = record(NAME, valueShape, "a name");

function succeededOrMisreported(found: Attempt, outcome: Extract<AttemptOutcome, { kind: "succeeded" }>): EventDraft {
  const { stepId, attempt } = found;
  if (misfitsOf(outputs, outcome.outputs).length > 0) {
    const { hint = "" } = faultOf(runCodes, "STEP_REPORT", { stepId });
    return failed(found, { ...outcome, kind: "failed", reason: "STEP_REPORT", hint });
  }
  const metadata = { durationMs: outcome.durationMs, outputs: outcome.outputs, ...measured(outcome) };
  return { eventType: "step.succeeded", stepId, attempt, metadata };
}

type Failure = Extract<AttemptOutcome, { kind: "failed" }>;

function failedOrRetried(state: RunState, found: Attempt, failure: Failure, moment: Moment): EventDraft {
  const { maxAttempts, onExitCodes } = found.node.retry;
  const again =
    stopOf(state, found.instance) === undefined &&
    found.attempt < maxAttempts &&
    mayHelp(failure.reason) &&
    (onExitCodes === undefined || (failure.exitCode !== undefined && onExitCodes.includes(failure.exitCode)));
  return again ? retried(state, found, failure.reason, moment) : failed(found, failure);
}

/** Faults in the plan's own expressions, files and secrets' names are the same in every attempt. */
function mayHelp(reason: string): boolean {
  return !/^(?:EXPR_|PLAN_|SECRET_UNDECLARED$|SECRET_TOO_SHORT$)/.test(reason);
}

function failed({ stepId, attempt }: Attempt, failure: Failure): EventDraft {
  const { reason, hint, durationMs, exitCode, signal } = failure;
  const metadata: Metadata<"step.failed"> = {
    reason,
    durationMs,
    code: reason,
    hint,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    ...measured(failure),
  };
  return { eventType: "step.failed", stepId, attempt, metadata };
}

function measured({ usage, egress }: AttemptOutcome): Pick<Metadata<"step.succeeded">, "usage" | "egress"> {
  return { ...(usage === undefined ? {} : { usage }), ...(egress === undefined ? {} : { egress }) };
}

function retried(state: RunState, { node, stepId, attempt }: Attempt, reason: string, moment: Moment): EventDraft {
  const wait = retryWait(node.retry, stepId, attempt, state.identity.planHash, moment.sha256);
  const notBefore = timestampOf(moment.now + wait);
  return { eventType: "step.retry", stepId, attempt, metadata: { reason, notBefore } };
}

export function decideLost(state: RunState, command: CommandOf<"lost">, moment: Moment): readonly EventDraft[] {
  const found = attemptOf(state, command);
  return found?.started === true ? afterLoss(state, found, moment) : [];
}

function afterLoss(state: RunState, found: Attempt, moment: Moment): readonly EventDraft[] {
  const { node, stepId, attempt } = found;
  const stop = stopOf(state, found.instance);
  if (stop?.mode === "cancel") {
    return lostForGood(stepId, attempt, stop.reason);
  }
  const again = stop === undefined && (node.idempotent || attempt < node.retry.maxAttempts);
  const { hint = "" } = faultOf(runCodes, "STEP_LOST", { stepId });
  return [
    { eventType: "step.lost", stepId, attempt, metadata: {} },
    again
      ? retried(state, found, "STEP_LOST", moment)
      : failed(found, { kind: "failed", reason: "STEP_LOST", hint, durationMs: 0, artifacts: [] }),
  ];
}
