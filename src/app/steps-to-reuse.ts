import type { RunId } from "#canon/ids.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planCodes } from "#plan/codes.ts";
import { runCodes } from "#run/codes.ts";
import { reusableSteps } from "#run/reusable-steps.ts";
import type { RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import type { Values } from "#run/value.ts";
import type { PlannedPack } from "./plan-pack.ts";
import { readRunState } from "./read-run.ts";
import { findRun } from "./run-reference.ts";
import { revocationPlace, type RequestTrust } from "./run-trust.ts";
import { admitResumed, keysOf } from "./trust-admission.ts";
import { unknownStep } from "./unknown-step.ts";
import type { Workplace } from "./workplace.ts";

/** Another run of the same plan, and the steps of it that must run again although they succeeded. */
export type ReuseOrder = { readonly run: string; readonly again: readonly string[] };

/** What a run takes over from another: steps by id, with their outputs, whose bytes are in the store. */
export type Reuse = { readonly from: RunId; readonly steps: Readonly<Record<string, Values>> };

/**
 * What a run of this plan may take over from the run that is named, which still counts: nothing of it was revoked. Faults:
 * RUN_REFERENCE, RUN_UNKNOWN, RUN_NOT_FINISHED, PLAN_HASH_MISMATCH, STEP_UNKNOWN, those of `admitResumed` and of the store.
 */
export async function admittedReuse(
  order: ReuseOrder,
  planned: Pick<PlannedPack, "compiled">,
  workplace: Workplace,
  trust: RequestTrust,
): Promise<Result<Reuse>> {
  const found = await stepsToReuse(order, planned, workplace);
  if (!found.ok) {
    return found;
  }
  const { plan, planHash } = planned.compiled;
  const source = { pack: plan.pack, planHash, runId: found.value.from };
  const admitted = await admitResumed(source, keysOf(trust), trust.root, revocationPlace(workplace));
  return admitted.ok ? found : admitted;
}

async function stepsToReuse(
  { run, again }: ReuseOrder,
  { compiled }: Pick<PlannedPack, "compiled">,
  workplace: Workplace,
): Promise<Result<Reuse>> {
  const key = await findRun(run, workplace.settings.tenantId, workplace.store);
  const identity = key.ok ? await workplace.store.ledger.identity(key.value) : key;
  if (!identity.ok) {
    return identity;
  }
  const { runId, planHash } = identity.value;
  if (planHash !== compiled.planHash) {
    const hint = "a run takes over steps of its own plan only; give the pack and the inputs of that run";
    return fail(faultOf(planCodes, "PLAN_HASH_MISMATCH", { found: compiled.planHash, expected: planHash }, { hint }));
  }
  const state = await readRunState(identity.value, workplace);
  if (!state.ok) {
    return state;
  }
  if (!isTerminal(state.value.status)) {
    return fail(faultOf(runCodes, "RUN_NOT_FINISHED", { runId }));
  }
  const { byId } = state.value.live;
  const known = new Set([...byId.keys(), ...[...byId.values()].map(({ at }) => at.node.id)]);
  const unknown = again.find((id) => !known.has(id));
  if (unknown !== undefined) {
    return fail(unknownStep(unknown, runId, known));
  }
  const lost = await withLostOutputs(state.value, workplace);
  return ok({ from: runId, steps: reusableSteps(state.value, new Set([...again, ...lost])) });
}

/** Steps that made something whose bytes are no longer in the store: they have to make it anew. */
async function withLostOutputs(state: RunState, { artifacts }: Workplace): Promise<readonly string[]> {
  const { tenantId } = state.identity;
  const lost: string[] = [];
  for (const { id, record } of state.live.byId.values()) {
    for (const value of Object.values(record?.outputs ?? {})) {
      if ((value.type === "file" || value.type === "directory") && !(await artifacts.has(tenantId, value.digest))) {
        lost.push(id);
      }
    }
  }
  return lost;
}
