import { entryOf, type DecisionRecord } from "./run-record.ts";
import type { RunState } from "./state.ts";

/** What the ledger says of a gate when a decision on it is judged. */
export type GateStanding = {
  /** False for ids that are no approval gate of the plan. */
  readonly known: boolean;
  readonly open: boolean;
  /** Principals whose decisions are counted. */
  readonly decided: readonly string[];
};

export function gateStanding(state: RunState, stepId: string): GateStanding {
  const instance = state.live.byId.get(stepId);
  if (instance?.at.node.kind !== "gate.approval") {
    return { known: false, open: false, decided: [] };
  }
  const decided = countedDecisions(state, stepId).map((decision) => decision.principal);
  return { known: true, open: state.live.open.has(instance), decided };
}

/** Decisions that still hold, in ledger order. */
export function countedDecisions(state: RunState, stepId: string): readonly DecisionRecord[] {
  return (entryOf(state.gates, stepId)?.decisions ?? []).filter((decision) => decision.void === undefined);
}

/** Distinct principals who approved. */
export function approvalsOf(state: RunState, stepId: string): number {
  const approvals = countedDecisions(state, stepId).filter((decision) => decision.decision === "approve");
  return new Set(approvals.map((decision) => decision.principal)).size;
}

/** How many distinct people have to approve; 0 for ids that are no approval gate. */
export function requiredApprovals(state: RunState, stepId: string): number {
  const node = state.live.byId.get(stepId)?.at.node;
  const rule = node?.kind === "gate.approval" ? entryOf(state.plan.approvals, node.approval) : undefined;
  return rule?.required ?? 0;
}

/**
 * Since when an open gate is over although nobody has recorded that yet, in milliseconds since 1970; undefined of one that can
 * still be decided on, and of all that is no open gate. Whoever drives the run next records it: approvals that a gate has then
 * no longer count.
 */
export function expiredSince(state: RunState, stepId: string, now: number): number | undefined {
  const instance = state.live.byId.get(stepId);
  const notAfter = entryOf(state.gates, stepId)?.opened?.notAfter;
  const open = instance !== undefined && state.live.open.has(instance);
  return open && notAfter !== undefined && now >= notAfter ? notAfter : undefined;
}

/** An open gate that has its approvals; they are checked once more before it passes. */
export function hasQuorum(state: RunState, stepId: string): boolean {
  const required = requiredApprovals(state, stepId);
  return required > 0 && approvalsOf(state, stepId) >= required;
}
