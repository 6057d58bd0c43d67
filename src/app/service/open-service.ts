import type { TenantId } from "#canon/ids.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import type { RunStatus } from "#run/status.ts";
import { receiveApproval } from "../approval-receive.ts";
import { cancelRun } from "../cancel-run.ts";
import { changeIncident, takeSnapshot } from "../incident.ts";
import { readRunState } from "../read-run.ts";
import { indexRun, QUEUE_FILE, queueBytes } from "../run-row.ts";
import { openRunTrust } from "../run-trust.ts";
import type { Workplace } from "../workplace.ts";
import { principalOf } from "./bearer-trust.ts";
import { simulateOrder, withPlannedOrder } from "./plan-order.ts";
import { OpenIncidents } from "./open-incidents.ts";
import { QueueBoard } from "./queue-board.ts";
import { standingOf } from "./queue-desk.ts";
import type { ServiceLimits } from "./service-limits.ts";
import type { ServiceMetrics } from "./service-metrics.ts";
import type { Bearer, Service } from "./service.ts";
import { submitRun } from "./submit-run.ts";
import { tenantWorkplace } from "./tenant-workplace.ts";
import { Turns } from "./turns.ts";

export type ServicePorts = {
  /** Of no tenant in particular. */
  readonly workplace: Workplace;
  readonly limits: ServiceLimits;
  readonly metrics: ServiceMetrics;
  /** Debug lines are wanted of all runs. */
  readonly debug?: boolean;
  /** Called when there is something new for a worker of this process. */
  readonly nudge?: () => void;
};

/** The service over one store. */
export function openService(ports: ServicePorts): Service {
  const { workplace, limits, metrics, nudge = () => undefined } = ports;
  const { store, clock } = workplace;
  const workplaceFor: Service["workplaceFor"] = (tenantId) => tenantWorkplace(workplace, tenantId, metrics);
  const board = new QueueBoard(store.index, clock.now);
  const turns = new Map<TenantId, Turns>();
  const incidents = new OpenIncidents(board, clock);
  return {
    workplaceFor,
    plan: (order, bearer) =>
      withPlannedOrder(order, workplaceFor(bearer.tenantId), async ({ planned }) => ok(planned.compiled)),
    simulate: (order, bearer) => simulateOrder(order, workplaceFor(bearer.tenantId)),
    submit: async (order, bearer, runId) => {
      const { tenantId } = bearer;
      // A tenant's queue is as long as it may be, however many of its people ask at once.
      const mine = turns.get(tenantId) ?? new Turns();
      turns.set(tenantId, mine);
      const submitted = await submitRun({ order, bearer, runId }, onBoard(workplaceFor(tenantId), board), limits, mine);
      if (submitted.ok) {
        nudge();
      } else if (submitted.fault.kind === "fault" && submitted.fault.fault.code === "PLAN_HASH_MISMATCH") {
        metrics.planMismatch();
      }
      return submitted;
    },
    decide: async (key, sent, bearer) => {
      const decided = await receiveApproval(within(key, bearer), sent, workplaceFor(bearer.tenantId));
      if (!decided.ok && decided.fault.code === "PLAN_HASH_MISMATCH") {
        metrics.planMismatch();
      }
      return decided;
    },
    cancel: async (key, bearer, reason) => {
      const here = workplaceFor(bearer.tenantId);
      return cancelRun(within(key, bearer), reason, here, await nameOf(bearer, here));
    },
    resume: async (key, bearer) => {
      const left = await leaveToWorkers(within(key, bearer), workplaceFor(bearer.tenantId));
      nudge();
      return left;
    },
    incident: async (key, order, bearer) => {
      const here = workplaceFor(bearer.tenantId);
      return changeIncident(within(key, bearer), order, here, await nameOf(bearer, here));
    },
    snapshot: (key, bearer) => takeSnapshot(within(key, bearer), workplaceFor(bearer.tenantId)),
    traces: async (key) => ports.debug === true || incidents.has(key),
    queueOf: async (key) => standingOf(key, await board.rows(), board.begunAt, limits.runsPerTenant, clock.now()),
    metrics: async () => metrics.text(await board.rows(), clock.now()),
    ready: () => isReady(workplaceFor(workplace.settings.tenantId)),
  };
}

/** The same, with an index that is not read as a whole to see what waits. */
function onBoard(workplace: Workplace, board: QueueBoard): Workplace {
  const { store } = workplace;
  return { ...workplace, store: { ...store, index: { ...store.index, unfinished: () => board.rows() } } };
}

/** Nobody reaches a run of another tenant, whatever key is given. */
function within({ runId }: RunKey, { tenantId }: Bearer): RunKey {
  return { tenantId, runId };
}

/** Who a ledger says it was: the principal of a token, else who the token itself says; undefined for the operator. */
async function nameOf(bearer: Bearer, workplace: Workplace): Promise<string | undefined> {
  if (bearer.local === true) {
    return undefined;
  }
  const trust = await openRunTrust(workplace, []);
  return (trust.ok ? principalOf(trust.value.root, bearer) : undefined) ?? `${bearer.issuer}#${bearer.subject}`;
}

/** A run that was started elsewhere may be driven by workers from now on; one that was left to them is as it was. */
async function leaveToWorkers(key: RunKey, workplace: Workplace): Promise<Result<{ readonly status: RunStatus }>> {
  const { ledger } = workplace.store;
  const identity = await ledger.identity(key);
  const state = identity.ok ? await readRunState(identity.value, workplace) : identity;
  if (!identity.ok) {
    return identity;
  }
  if (!state.ok) {
    return state;
  }
  const put = await ledger.putFile(key, QUEUE_FILE, queueBytes({ priority: 0 }));
  const kept = put.ok || put.fault.code === "FILE_CONFLICT" ? ok(undefined) : put;
  const indexed = kept.ok ? await indexRun(identity.value, state.value, workplace.store) : kept;
  return indexed.ok ? ok({ status: state.value.status }) : indexed;
}

async function isReady(workplace: Workplace): Promise<Result<void>> {
  const trust = await openRunTrust(workplace, []);
  if (!trust.ok) {
    return trust;
  }
  await workplace.store.inbox.addressed();
  return ok(undefined);
}
