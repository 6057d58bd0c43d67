import type { Digest } from "#canon/digest.ts";
import type { RunId, TenantId } from "#canon/ids.ts";
import type { Json } from "#canon/json.ts";
import type { Timestamp } from "#canon/timestamp.ts";
import type { Result } from "#fault/result.ts";
import type { CompiledPlan } from "#plan/compile-plan.ts";
import type { RunKey } from "#port/run-store.ts";
import type { RunStatus } from "#run/status.ts";
import type { SlaState } from "#view/queue.ts";
import type { Simulation } from "#view/simulation.ts";
import type { ReceivedDecision, SentDecision } from "../approval-receive.ts";
import type { IncidentOrder } from "../incident.ts";
import type { PlanRefusal } from "../plan-refusal.ts";
import type { Workplace } from "../workplace.ts";

/** Which pack: a version of the registry, or a folder that was uploaded (its pack digest is the upload's id). */
export type PackChoice = { readonly ref: string } | { readonly upload: string };

/** What is asked of a service: a pack, its inputs, and when and how urgently it is to run. */
export type ServiceOrder = {
  readonly pack: PackChoice;
  /** Values by name; of files and directories only `{artifact: "sha256:…"}`, by what the tenant has stored. */
  readonly inputs: Readonly<Record<string, Json>>;
  /** Secrets that the run may use, by names that the operator configured for the tenant; none unless given. */
  readonly secrets?: readonly string[];
  /** The hash that was approved; another one refuses the run. */
  readonly planHash?: string;
  /** A run of the same plan, of the same tenant, whose finished steps are taken over. */
  readonly from?: RunId;
  /** With `from`: steps that run again all the same, and what stands behind them. */
  readonly only?: readonly string[];
  readonly scheduledAt?: Timestamp;
  readonly deadlineAt?: Timestamp;
  /** −100 … 100; 0 unless given. */
  readonly priority?: number;
};

/**
 * Who asks, as a token that was checked says it. `local` is the bearer of the token that a loopback server made for its
 * own user: such a run is requested with the operator's key. For others the trust root says which principal they are.
 */
export type Bearer = {
  readonly tenantId: TenantId;
  readonly issuer: string;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly local?: true;
};

export type Submitted = { readonly runId: RunId; readonly planHash: Digest; readonly status: RunStatus };

/** Where a run that has not begun stands in the queue. */
export type QueueStanding = {
  /** `scheduledAt` is reached and the tenant is below its limit. */
  readonly eligible: boolean;
  readonly slaState: SlaState;
  /** From 1, among all runs that have not begun. */
  readonly position: number;
};

/**
 * What the HTTP API stands on, for all tenants over one store. Nothing here looks at scopes: whoever calls has done so.
 * 1. Every call is within the bearer's tenant; a run of another one is RUN_UNKNOWN.
 * 2. `submit` creates a run and drives nothing; workers over the same store do. A queue that is full is QUEUE_FULL, with
 *    `retryAfterSeconds` in the fault's data.
 * 3. `workplaceFor` gives what the other use cases take, for one tenant: adapters and store are shared.
 */
export type Service = {
  readonly plan: (order: ServiceOrder, bearer: Bearer) => Promise<Result<CompiledPlan, PlanRefusal>>;
  readonly simulate: (order: ServiceOrder, bearer: Bearer) => Promise<Result<Simulation, PlanRefusal>>;
  /** Under `runId`, if that was chosen before: where the tenant has that run already, it is the answer. */
  readonly submit: (order: ServiceOrder, bearer: Bearer, runId?: RunId) => Promise<Result<Submitted, PlanRefusal>>;
  /** Records a signed decision on a gate. Refusals are faults; those that the bearer's token lets through stand in the ledger. */
  readonly decide: (key: RunKey, sent: SentDecision, bearer: Bearer) => Promise<Result<ReceivedDecision>>;
  readonly cancel: (key: RunKey, bearer: Bearer, reason?: string) => Promise<Result<{ readonly status: RunStatus }>>;
  /** Lets a worker go on with a run that was started elsewhere and is driven by nobody. */
  readonly resume: (key: RunKey, bearer: Bearer) => Promise<Result<{ readonly status: RunStatus }>>;
  readonly incident: (key: RunKey, order: IncidentOrder, bearer: Bearer) => Promise<Result<void>>;
  /** Signs and keeps a manifest of the run so far; its digest. */
  readonly snapshot: (key: RunKey, bearer: Bearer) => Promise<Result<{ readonly manifestDigest: Digest }>>;
  /** Whether the log is to say more of what concerns this run: an incident of it is open, or debug lines are wanted of all. */
  readonly traces: (key: RunKey) => Promise<boolean>;
  /** Undefined for a run that has begun, or is not there. */
  readonly queueOf: (key: RunKey) => Promise<QueueStanding | undefined>;
  readonly workplaceFor: (tenantId: TenantId) => Workplace;
  /** In the text format of Prometheus, with its media type. */
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Whether the store answers, and the trust root and the attestor's key can be read. */
  readonly ready: () => Promise<Result<void>>;
};
