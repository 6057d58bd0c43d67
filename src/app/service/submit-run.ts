import type { RunId } from "#canon/ids.ts";
import type { Fault } from "#fault/fault.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { secretGivenCodes } from "#fault/secret-given-codes.ts";
import { packCodes } from "#pack/codes.ts";
import type { Plan } from "#plan/plan.ts";
import type { RunQueue, RunRow } from "#port/run-store.ts";
import type { SecretReference } from "#port/secrets.ts";
import { usedSecrets } from "../check-secrets.ts";
import { refusedBy, type PlanRefusal } from "../plan-refusal.ts";
import { readRunState } from "../read-run.ts";
import { indexRun } from "../run-row.ts";
import { revocationPlace } from "../run-trust.ts";
import { startRun } from "../start-run.ts";
import { admittedReuse } from "../steps-to-reuse.ts";
import { tenantSecrets } from "../tenant-secrets.ts";
import { admitStart } from "../trust-admission.ts";
import type { Workplace } from "../workplace.ts";
import { openBearerTrust } from "./bearer-trust.ts";
import { withPlannedOrder, type PlannedOrder } from "./plan-order.ts";
import { serviceCodes } from "./service-codes.ts";
import type { ServiceLimits } from "./service-limits.ts";
import type { Bearer, ServiceOrder, Submitted } from "./service.ts";
import type { Turns } from "./turns.ts";

/** When a queue that is full is worth asking again, in seconds: about what a short run takes. */
const RETRY_SECONDS = 30;

type Submission = { readonly order: ServiceOrder; readonly bearer: Bearer; readonly runId: RunId | undefined };

/**
 * Creates a run and leaves it to the workers. `workplace` is the bearer's tenant's; runs are created in `turns`. Faults: QUEUE_FULL, those of
 * `withPlannedOrder`, `openBearerTrust`, `admitStart`, `admittedReuse` and `startRun`, SECRET_UNDECLARED, SECRET_UNRESOLVED, SECRET_NOT_CONFIGURED.
 */
export async function submitRun(
  submission: Submission,
  workplace: Workplace,
  limits: ServiceLimits,
  turns: Turns,
): Promise<Result<Submitted, PlanRefusal>> {
  const there = await submittedRun(submission.runId, workplace);
  if (!there.ok) {
    return refusedBy(there.fault);
  }
  if (there.value !== undefined) {
    return ok(there.value);
  }
  return withPlannedOrder(submission.order, workplace, async (found) => {
    const submitted = await turns.take(() => create(submission, found, workplace, limits));
    return submitted.ok ? submitted : refusedBy(submitted.fault);
  });
}

/**
 * What was answered when a run of this id was submitted; undefined where the tenant has no such run. One whose submission was
 * cut off is put into the queue now. Faults: those of reading it.
 */
export async function submittedRun(
  runId: RunId | undefined,
  workplace: Workplace,
): Promise<Result<Submitted | undefined>> {
  const { tenantId } = workplace.settings;
  const there = runId === undefined ? undefined : await workplace.store.ledger.identity({ tenantId, runId });
  if (there === undefined || (!there.ok && there.fault.code === "RUN_UNKNOWN")) {
    return ok(undefined);
  }
  const state = there.ok ? await readRunState(there.value, workplace) : there;
  if (!there.ok || !state.ok) {
    return state as Result<never>;
  }
  const isNew = state.value.status === "pending";
  const indexed = isNew ? await indexRun(there.value, state.value, workplace.store) : ok(undefined);
  return indexed.ok ? ok({ runId: there.value.runId, planHash: there.value.planHash, status: "pending" }) : indexed;
}

async function create(
  { order, bearer, runId }: Submission,
  { planned, registered }: PlannedOrder,
  workplace: Workplace,
  limits: ServiceLimits,
): Promise<Result<Submitted>> {
  const { plan, planHash } = planned.compiled;
  const secrets = orderSecrets(order, plan, workplace);
  if (!secrets.ok) {
    return secrets;
  }
  const full = queueFull(plan, await workplace.store.index.unfinished(), workplace, limits);
  if (full !== undefined) {
    return fail(full);
  }
  const trust = await openBearerTrust(workplace, bearer, plan);
  if (!trust.ok) {
    return trust;
  }
  const { tenantId } = workplace.settings;
  const starting = { pack: plan.pack, planHash, tenantId };
  const admitted = await admitStart(starting, trust.value, revocationPlace(workplace));
  if (!admitted.ok) {
    return admitted;
  }
  const { from: run, only: again = [] } = order;
  const reuse =
    run === undefined ? ok(undefined) : await admittedReuse({ run, again }, planned, workplace, trust.value);
  if (!reuse.ok) {
    return reuse;
  }
  const options = { registered, runId, queue: queueOfOrder(order), reuse: reuse.value };
  const identity = await startRun(planned, secrets.value, workplace, trust.value, options);
  if (!identity.ok && identity.fault.code === "RUN_EXISTS") {
    // Another server was at work on the same order, and was first.
    const first = await submittedRun(runId, workplace);
    return first.ok && first.value === undefined ? identity : (first as Result<Submitted>);
  }
  return identity.ok ? ok({ runId: identity.value.runId, planHash, status: "pending" }) : identity;
}

/** Those that the order names, and no other: a pack would else grant itself a secret by declaring its name. */
function orderSecrets(
  { secrets = [] }: ServiceOrder,
  plan: Plan,
  { settings }: Workplace,
): Result<ReadonlyMap<string, SecretReference>> {
  const undeclared = secrets.find((name) => !Object.hasOwn(plan.secrets, name));
  if (undeclared !== undefined) {
    return fail(faultOf(packCodes, "SECRET_UNDECLARED", { name: undeclared }));
  }
  const missing = usedSecrets(plan).find((name) => !secrets.includes(name));
  return missing === undefined ? tenantSecrets(secrets, settings.tenantId, settings) : fail(notNamed(missing));
}

function notNamed(name: string): Fault {
  const hint = `name it in "secrets" of the order; on the command line with --secret ${name}`;
  return faultOf(secretGivenCodes, "SECRET_UNRESOLVED", { name, problem: "the order does not name it" }, { hint });
}

function queueFull(
  plan: Plan,
  rows: readonly RunRow[],
  { settings }: Workplace,
  { queueDepth }: ServiceLimits,
): Fault | undefined {
  const waiting = rows.filter(
    ({ tenantId, status, queue }) => tenantId === settings.tenantId && status === "pending" && queue !== undefined,
  );
  const ofPack = waiting.filter(({ packName }) => packName === plan.pack.name).length;
  const { maxQueueDepth = Number.POSITIVE_INFINITY } = plan.slo ?? {};
  const full = (depth: number, limit: number, of: string): Fault =>
    faultOf(serviceCodes, "QUEUE_FULL", { depth, limit, of, retryAfterSeconds: RETRY_SECONDS });
  if (ofPack >= maxQueueDepth) {
    return full(ofPack, maxQueueDepth, ` of ${plan.pack.name}`);
  }
  return waiting.length >= queueDepth ? full(waiting.length, queueDepth, "") : undefined;
}

function queueOfOrder({ priority = 0, scheduledAt, deadlineAt }: ServiceOrder): RunQueue {
  return {
    priority,
    ...(scheduledAt === undefined ? {} : { scheduledAt }),
    ...(deadlineAt === undefined ? {} : { deadlineAt }),
  };
}
