import { millisecondsOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { runCodes } from "./codes.ts";
import type { CommandBody } from "./command.ts";
import type { EventDraft } from "./event.ts";
import { approvalsOf, countedDecisions, gateStanding, hasQuorum, requiredApprovals } from "./gate-standing.ts";
import { entryOf } from "./run-record.ts";
import type { Moment } from "./moment.ts";
import type { RunState } from "./state.ts";
import { stopOf } from "./stopping.ts";

type CommandOf<K extends CommandBody["kind"]> = Extract<CommandBody, { kind: K }> & { readonly id: string };

export function decideGateOpened(state: RunState, command: CommandOf<"gateOpened">): readonly EventDraft[] {
  const { stepId, requestDigest, notAfter } = command;
  const instance = state.live.byId.get(stepId);
  const awaited = instance !== undefined && state.live.opening.has(instance) && stopOf(state, instance) === undefined;
  return awaited ? [{ eventType: "gate.opened", stepId, metadata: { requestDigest, notAfter } }] : [];
}

/** A gate that could not even be asked about fails: an approval gate as rejected, a policy gate as a failed step. */
export function decideGateFailed(state: RunState, command: CommandOf<"gateFailed">): readonly EventDraft[] {
  const { stepId, reason, hint, id } = command;
  const instance = state.live.byId.get(stepId);
  if (instance === undefined || stopOf(state, instance) !== undefined) {
    return [];
  }
  if (state.live.opening.has(instance)) {
    return [
      { eventType: "gate.refused", stepId, metadata: { commandId: id, code: reason, hint } },
      { eventType: "gate.rejected", stepId, metadata: {} },
    ];
  }
  if (state.live.policies.has(instance)) {
    return failedAtOnce(stepId, "POLICY_UNDECIDED", `${reason}: ${hint}`);
  }
  return [];
}

/** A step that failed before it could do what it is for, whatever its kind. */
export function failedAtOnce(stepId: string, reason: string, hint: string): readonly EventDraft[] {
  return [
    { eventType: "step.started", stepId, attempt: 1, metadata: {} },
    { eventType: "step.failed", stepId, attempt: 1, metadata: { reason, durationMs: 0, code: reason, hint } },
  ];
}

export function decideDecision(
  state: RunState,
  command: CommandOf<"decision">,
  { now }: Moment,
): readonly EventDraft[] {
  const { stepId, verdict, id: commandId } = command;
  const standing = gateStanding(state, stepId);
  const { principal } = verdict;
  const refuse = (code: string, hint: string): readonly EventDraft[] => [
    {
      eventType: "gate.refused",
      ...(standing.known && code !== "GATE_UNKNOWN" ? { stepId } : {}),
      metadata: { commandId, code, hint, ...(principal === undefined ? {} : { principal }) },
    },
  ];
  if (!standing.known) {
    return refuse("GATE_UNKNOWN", faultOf(runCodes, "GATE_UNKNOWN", { gate: stepId }).hint ?? "");
  }
  if (verdict.kind === "refused") {
    return refuse(verdict.code, verdict.hint);
  }
  const closed = whyClosed(state, stepId, now);
  if (closed !== undefined) {
    const { hint = "" } = faultOf(runCodes, "GATE_CLOSED");
    return refuse("GATE_CLOSED", `${closed}; ${hint}`);
  }
  if (standing.decided.includes(verdict.principal)) {
    return refuse("APPROVAL_DUPLICATE", faultOf(runCodes, "APPROVAL_DUPLICATE").hint ?? "");
  }
  const { decision, payloadDigest } = verdict;
  return [
    {
      eventType: "gate.decision",
      stepId,
      metadata: { commandId, decision, principal: verdict.principal, payloadDigest },
    },
  ];
}

function whyClosed(state: RunState, stepId: string, now: number): string | undefined {
  const instance = state.live.byId.get(stepId);
  const opened = entryOf(state.gates, stepId)?.opened;
  if (instance === undefined || stopOf(state, instance) !== undefined) {
    return "the run is stopping";
  }
  if (!state.live.open.has(instance) || opened === undefined) {
    return opened === undefined ? "it is not open yet" : "it has ended";
  }
  return now >= opened.notAfter ? "it has expired" : undefined;
}

/** The check before passing: approvals that no longer hold are taken back, and the gate passes if enough are left. */
export function decideConfirmed(
  state: RunState,
  command: CommandOf<"confirmed">,
  { now }: Moment,
): readonly EventDraft[] {
  const { stepId } = command;
  const instance = state.live.byId.get(stepId);
  const open = instance !== undefined && state.live.open.has(instance) && stopOf(state, instance) === undefined;
  if (!open || !hasQuorum(state, stepId)) {
    return [];
  }
  const drafts: EventDraft[] = [];
  const fallen = new Set<string>();
  for (const { commandId, payloadDigest, principal } of countedDecisions(state, stepId)) {
    const found = command.void.find((each) => each.payloadDigest === payloadDigest && hasCome(each.from, now));
    if (found !== undefined) {
      const { code, hint } = found;
      fallen.add(principal);
      drafts.push({ eventType: "gate.refused", stepId, metadata: { commandId, code, hint, principal } });
    }
  }
  if (approvalsOf(state, stepId) - fallen.size >= requiredApprovals(state, stepId)) {
    drafts.push({ eventType: "gate.passed", stepId, metadata: {} });
  }
  return drafts;
}

/** A check takes time: what held then may not hold any more when the gate passes. */
function hasCome(time: Timestamp | undefined, now: number): boolean {
  return time === undefined || now >= (millisecondsOf(time) ?? 0);
}

export function decidePolicy(state: RunState, command: CommandOf<"policyEvaluated">): readonly EventDraft[] {
  const { stepId, answer, why, policyDigest, contextDigest } = command;
  const instance = state.live.byId.get(stepId);
  if (instance === undefined || !state.live.policies.has(instance) || stopOf(state, instance) !== undefined) {
    return [];
  }
  const digests = { policyDigest, contextDigest };
  if (answer === "allowed") {
    return [{ eventType: "policy.evaluated", stepId, metadata: { allowed: true, ...digests } }];
  }
  const code = answer === "denied" ? "POLICY_DENIED" : "POLICY_UNDECIDED";
  const { hint = "" } = faultOf(runCodes, code, { stepId });
  const said = answer === "undecided" && why !== "" ? why : hint;
  return [{ eventType: "policy.evaluated", stepId, metadata: { allowed: false, code, hint: said, ...digests } }];
}
