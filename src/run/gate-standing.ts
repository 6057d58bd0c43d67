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

/** An open gate that has its approvals; they are checked once more before it passes. */
export function hasQuorum(state: RunState, stepId: string): boolean {
  const required = requiredApprovals(state, stepId);
  return required > 0 && approvalsOf(state, stepId) >= required;
}
