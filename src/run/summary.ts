import type { NodeKind } from "#plan/plan.ts";
import { approvalsOf, requiredApprovals } from "./gate-standing.ts";
import { compareInstances, type Instance } from "./instance.ts";
import { entryOf } from "./run-record.ts";
import type { EgressUse, Usage } from "./event.ts";
import type { RunState } from "./state.ts";
import type { RunStatus, StepStatus } from "./status.ts";
import type { Values } from "./value.ts";

export type StepSummary = {
  readonly id: string;
  readonly kind: NodeKind;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly reason?: string;
  /** Of the last attempt as it was measured; of gates and containers, between their first and last event. */
  readonly durationMs?: number;
  readonly outputs?: Values;
  /** Of the last attempt, where it has ended and was measured. */
  readonly usage?: Usage;
  readonly egress?: EgressUse;
  readonly reusedFrom?: string;
};

type PendingGate = {
  readonly id: string;
  readonly approval: string;
  readonly required: number;
  readonly have: number;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
};

export type RunSummary = {
  readonly status: RunStatus;
  readonly reason?: string;
  /** Canonical order, `finally` last: containers, gates and map instances too; none below a map that was not expanded. */
  readonly steps: readonly StepSummary[];
  readonly pendingGates: readonly PendingGate[];
  readonly outputs: Values;
};

/** Where a run stands, from its ledger alone. */
export function runSummary(state: RunState): RunSummary {
  const { main, finally: last, open } = state.live;
  return {
    status: state.status,
    ...(state.reason === undefined ? {} : { reason: state.reason }),
    steps: [...main.roots, ...last.roots].flatMap(summariesOf),
    pendingGates: [...open].sort(compareInstances).map((instance) => pendingGate(state, instance)),
    outputs: state.outputs ?? {},
  };
}

function summariesOf(instance: Instance): readonly StepSummary[] {
  return [summaryOf(instance), ...instance.kids.flat().flatMap(summariesOf)];
}

function summaryOf({ id, at, record }: Instance): StepSummary {
  const { status = "pending", attempts = 0, reason, outputs, usage, egress, reusedFrom } = record ?? {};
  const durationMs = record?.durationMs ?? spanOf(record?.startedAt, record?.endedAt);
  return {
    id,
    kind: at.node.kind,
    status,
    attempts,
    ...(reason === undefined ? {} : { reason }),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(usage === undefined ? {} : { usage }),
    ...(egress === undefined ? {} : { egress }),
    ...(reusedFrom === undefined ? {} : { reusedFrom }),
  };
}

function spanOf(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : to - from;
}

function pendingGate(state: RunState, { id, at }: Instance): PendingGate {
  return {
    id,
    approval: at.node.kind === "gate.approval" ? at.node.approval : "",
    required: requiredApprovals(state, id),
    have: approvalsOf(state, id),
    notAfter: entryOf(state.gates, id)?.opened?.notAfter ?? 0,
  };
}
