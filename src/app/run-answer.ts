import { timestampOf } from "#canon/timestamp.ts";
import { expiredSince } from "#run/gate-standing.ts";
import type { RunState } from "#run/state.ts";
import { runSummary, type StepSummary } from "#run/summary.ts";
import type { Values } from "#run/value.ts";

/** A run as `run`, `resume` and `runs show` answer it. */
export type RunAnswer = {
  readonly runId: string;
  readonly planHash: string;
  readonly pack: { readonly name: string; readonly version: string };
  readonly status: string;
  readonly reason?: string;
  readonly requestedBy: string;
  /** Folder of the sealed evidence bundle, once there is one. */
  readonly evidence?: string;
  readonly steps: readonly Omit<StepSummary, "outputs">[];
  readonly outputs: Values;
  readonly pendingGates: readonly {
    readonly id: string;
    readonly approval: string;
    readonly required: number;
    readonly have: number;
    readonly notAfter: string;
    /** Its time is over: whoever drives the run next records that. */
    readonly expired: boolean;
  }[];
};

/** `now`: in milliseconds since 1970. */
export function runAnswer(state: RunState, evidence: string | undefined, now: number): RunAnswer {
  const { status, reason, steps, pendingGates, outputs } = runSummary(state);
  const { name, version } = state.plan.pack;
  return {
    runId: state.identity.runId,
    planHash: state.identity.planHash,
    pack: { name, version },
    status,
    ...(reason === undefined ? {} : { reason }),
    requestedBy: state.requestedBy ?? "",
    ...(evidence === undefined ? {} : { evidence }),
    steps: steps.map(({ outputs: _outputs, ...step }) => step),
    outputs,
    pendingGates: pendingGates.map((gate) => ({
      ...gate,
      notAfter: timestampOf(gate.notAfter),
      expired: expiredSince(state, gate.id, now) !== undefined,
    })),
  };
}
