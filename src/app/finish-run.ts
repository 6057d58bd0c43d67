import type { TraceOption } from "#engine/drive-trace.ts";
import type { Fault } from "#fault/fault.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import type { KnownPack } from "#plan/recompile-plan.ts";
import type { RunIdentity } from "#port/run-store.ts";
import type { SecretReference } from "#port/secrets.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunState } from "#run/state.ts";
import type { StepSummary } from "#run/summary.ts";
import { driveStoredRun } from "./drive-stored-run.ts";
import { indexRun } from "./run-row.ts";
import type { RunTrust } from "./run-trust.ts";
import { evidenceFolder, sealFinished } from "./seal-finished.ts";
import type { Workplace } from "./workplace.ts";

/** How a run is to be driven by this process. */
export type RunOrder = {
  readonly references: ReadonlyMap<string, SecretReference>;
  /** The pack as this process has just read it. */
  readonly known?: KnownPack;
  readonly maxParallel: number;
  /** Stay while the run only waits for people. */
  readonly wait: boolean;
  /** Where the evidence bundle goes instead of the state folder. */
  readonly evidence?: string;
  readonly onEvents?: (events: readonly LedgerEvent[]) => void;
  /** Who is told of the work itself; nobody unless given. */
  readonly trace?: TraceOption;
  /** Told once, before the first event: the plan, and of a run that is gone on with how its steps are. */
  readonly onPlan?: (plan: Plan, steps: readonly StepSummary[]) => void;
  /** Told once, before the first event, of a run that is gone on with and is not over. */
  readonly onFound?: (found: FoundRun) => void;
  /** Told when this process follows another one that drives the run. */
  readonly onOvertaken?: () => void;
  /** `onEvents` is told of events with a higher sequence only. */
  readonly after?: number;
  readonly cancel?: AbortSignal;
  readonly abort?: AbortSignal;
  /** Nothing new is started, what runs may end; then the run is left to others. */
  readonly release?: AbortSignal;
};

/** A run that was there before, with the gates that can still be decided on; `notAfter` in milliseconds since 1970. */
type FoundRun = {
  readonly identity: RunIdentity;
  readonly openGates: readonly { readonly id: string; readonly notAfter: number }[];
};

export type RunEnd = {
  readonly state: RunState;
  /** `aborted`: left as it is, by a second interrupt or because its server stops; the run can be resumed. */
  readonly end: "finished" | "idle" | "aborted";
  /** Folder of the sealed bundle of a finished run. */
  readonly evidence?: string;
  /** Why nobody vouches for that evidence although somebody is configured to. */
  readonly unanchored?: Fault;
};

/** Drives a run that is in the store and seals it when it has ended. */
export async function finishRun(
  identity: RunIdentity,
  order: RunOrder,
  workplace: Workplace,
  trust: RunTrust,
): Promise<Result<RunEnd>> {
  const { evidence, ...options } = order;
  const driven = await driveStoredRun(identity, workplace, trust, { ...options, cancelBy: trust.principal });
  if (!driven.ok) {
    return driven;
  }
  const { end, state } = driven.value;
  if (end !== "finished") {
    const put = await indexRun(identity, state, workplace.store);
    return put.ok ? ok({ end, state }) : put;
  }
  const folder = evidence ?? evidenceFolder(identity.runId, workplace);
  const sealed = await sealFinished(identity, workplace, trust, folder, state);
  // Last, so that a run whose process dies in between still counts as unfinished, and is sealed by who takes it over.
  const put = await indexRun(identity, state, workplace.store);
  if (!sealed.ok || !put.ok) {
    return sealed.ok ? (put as Result<never>) : sealed;
  }
  const { unanchored } = sealed.value;
  return ok({ end, state, evidence: folder, ...(unanchored === undefined ? {} : { unanchored }) });
}
