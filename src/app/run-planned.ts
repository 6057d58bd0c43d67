import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { sandboxesOf } from "#engine/take-over.ts";
import { planCodes } from "#plan/codes.ts";
import type { Plan } from "#plan/plan.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { SecretReference } from "#port/secrets.ts";
import { checkSecrets } from "./check-secrets.ts";
import { checkEvidenceTarget } from "./evidence-target.ts";
import { finishRun, type RunEnd, type RunOrder } from "./finish-run.ts";
import type { PlannedPack } from "./plan-pack.ts";
import { checkUnchanged, type RegisteredPack } from "./registered-pack.ts";
import { openRequestTrust, revocationPlace, type RequestTrust } from "./run-trust.ts";
import { startRun } from "./start-run.ts";
import { admittedReuse, type Reuse, type ReuseOrder } from "./steps-to-reuse.ts";
import { admitStart } from "./trust-admission.ts";
import type { Workplace } from "./workplace.ts";

export type NewRunOrder = RunOrder & {
  /** The hash that was approved; another one refuses the run. */
  readonly planHash?: string;
  /** Key file of the requester. */
  readonly as?: string;
  /** The version of the registry that was planned; a folder without it. */
  readonly registered?: RegisteredPack;
  /** The earlier run whose finished steps are taken over. */
  readonly reuse?: ReuseOrder;
  readonly onTrust?: (trust: RequestTrust) => void;
  readonly onReuse?: (reuse: Reuse) => void;
  readonly onCreated?: (identity: RunIdentity) => void;
};

/**
 * Runs a planned pack to its end, or to where it waits: checks everything that can be checked before anything is
 * created, creates the run, drives it, seals it.
 */
export async function runPlanned(
  planned: PlannedPack,
  order: NewRunOrder,
  workplace: Workplace,
): Promise<Result<RunEnd>> {
  const { plan, planHash } = planned.compiled;
  if (order.planHash !== undefined && order.planHash !== planHash) {
    return fail(faultOf(planCodes, "PLAN_HASH_MISMATCH", { found: planHash, expected: order.planHash }));
  }
  const unchanged = order.registered === undefined ? ok(undefined) : checkUnchanged(planned, order.registered);
  if (!unchanged.ok) {
    return unchanged;
  }
  const target = order.evidence === undefined ? ok(undefined) : await checkEvidenceTarget(order.evidence);
  if (!target.ok) {
    return target;
  }
  const ready = await checkHost(plan, order.references, workplace);
  if (!ready.ok) {
    return ready;
  }
  const roles = Object.values(plan.approvals).flatMap((rule) => rule.from);
  const trust = await openRequestTrust(workplace, order.as, roles);
  if (!trust.ok) {
    return trust;
  }
  order.onTrust?.(trust.value);
  const { tenantId } = workplace.settings;
  const starting = { pack: plan.pack, planHash, tenantId };
  const admitted = await admitStart(starting, trust.value, revocationPlace(workplace));
  if (!admitted.ok) {
    return admitted;
  }
  const reuse =
    order.reuse === undefined ? ok(undefined) : await admittedReuse(order.reuse, planned, workplace, trust.value);
  if (!reuse.ok) {
    return reuse;
  }
  if (reuse.value !== undefined) {
    order.onReuse?.(reuse.value);
  }
  const { registered } = order;
  const more = { registered, reuse: reuse.value };
  const identity = await startRun(planned, order.references, workplace, trust.value, more);
  if (!identity.ok) {
    return identity;
  }
  order.onCreated?.(identity.value);
  order.onPlan?.(plan, []);
  const { known } = planned;
  return finishRun(identity.value, { ...order, ...(known === undefined ? {} : { known }) }, workplace, trust.value);
}

/** Whether this host can run the plan: its sandboxes are enforceable, its secrets can be had. */
async function checkHost(
  plan: Plan,
  references: ReadonlyMap<string, SecretReference>,
  workplace: Workplace,
): Promise<Result<void>> {
  const secrets = await checkSecrets(plan, references, workplace.secrets);
  if (!secrets.ok) {
    return secrets;
  }
  const runner = workplace.runner(1);
  try {
    for (const sandbox of sandboxesOf(plan)) {
      const admitted = await runner.admit(sandbox);
      if (!admitted.ok) {
        return admitted;
      }
    }
    return ok(undefined);
  } finally {
    await runner.close();
  }
}
