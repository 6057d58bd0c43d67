import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { packCodes } from "#pack/codes.ts";
import type { RunKey } from "#port/run-store.ts";
import { finishRun, type RunEnd, type RunOrder } from "./finish-run.ts";
import { readRunState } from "./read-run.ts";
import { isTerminal } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";
import { openRunTrust, revocationPlace } from "./run-trust.ts";
import { admitResumed } from "./trust-admission.ts";
import type { Workplace } from "./workplace.ts";

/**
 * Goes on with a run from its ledger; a run that has ended is sealed if it is not yet. Nothing is told of events that are
 * in the ledger already.
 */
export async function resumeRun(key: RunKey, order: RunOrder, workplace: Workplace): Promise<Result<RunEnd>> {
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const state = await readRunState(identity.value, workplace);
  if (!state.ok) {
    return state;
  }
  const { plan } = state.value;
  for (const name of order.references.keys()) {
    if (!Object.hasOwn(plan.secrets, name)) {
      return fail(faultOf(packCodes, "SECRET_UNDECLARED", { name }));
    }
  }
  const trust = await openRunTrust(
    workplace,
    undefined,
    Object.values(plan.approvals).flatMap((rule) => rule.from),
  );
  const after = state.value.head.sequence;
  // A run that is stopping may always come to its end.
  if (trust.ok && !isTerminal(state.value.status) && state.value.stop === undefined) {
    const { runId, planHash } = identity.value;
    const admitted = await admitResumed({ runId, planHash, pack: plan.pack }, trust.value, revocationPlace(workplace));
    if (!admitted.ok) {
      return admitted;
    }
  }
  if (trust.ok) {
    order.onPlan?.(plan, runSummary(state.value).steps);
  }
  return trust.ok ? finishRun(identity.value, { ...order, after }, workplace, trust.value) : trust;
}
