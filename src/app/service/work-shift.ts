import type { TraceLine } from "#engine/drive-trace.ts";
import { ok, type Result } from "#fault/result.ts";
import type { RunKey, RunRow } from "#port/run-store.ts";
import type { SecretReference } from "#port/secrets.ts";
import type { LedgerEvent } from "#run/event.ts";
import { usedSecrets } from "../check-secrets.ts";
import type { RunEnd, RunOrder } from "../finish-run.ts";
import { readRunState } from "../read-run.ts";
import { resumeRun } from "../resume-run.ts";
import { storedPlan } from "../stored-plan.ts";
import { tenantSecrets } from "../tenant-secrets.ts";
import type { Workplace } from "../workplace.ts";
import { RowMarks } from "./row-marks.ts";
import { RunTrace } from "./run-trace.ts";
import type { ServiceLimits } from "./service-limits.ts";
import type { ServiceMetrics } from "./service-metrics.ts";
import { SloWatch } from "./slo-watch.ts";
import { tenantWorkplace } from "./tenant-workplace.ts";

export type ShiftPorts = {
  /** Of no tenant in particular. */
  readonly workplace: Workplace;
  readonly limits: ServiceLimits;
  readonly metrics: ServiceMetrics;
  /** Lines of level debug; none unless given. */
  readonly debug?: DebugLog;
};

/** Where debug lines go: those of runs with an open incident, or of all. */
export type DebugLog = { readonly all: boolean; readonly write: (key: RunKey, line: TraceLine) => void };

/** Why a run cannot be driven although its secrets are configured: they cannot be had now, or are none. */
const NO_SECRETS: ReadonlySet<string> = new Set([
  "SECRET_UNRESOLVED",
  "SECRET_UNREACHABLE",
  "SECRET_TIMEOUT",
  "SECRET_PROVIDER",
  "SECRET_TOO_SHORT",
  "SECRET_TOO_LARGE",
]);

/**
 * Drives a run of some tenant from one taking over until it is left, and tells traces, its row and its objectives what
 * was written. Faults: those of `resumeRun`, of the store, and SECRET_NOT_CONFIGURED.
 */
export async function workShift(
  row: RunRow,
  { limits, metrics, debug, ...ports }: ShiftPorts,
  signals: Required<Pick<RunOrder, "abort" | "release">>,
): Promise<Result<RunEnd>> {
  const workplace = tenantWorkplace(ports.workplace, row.tenantId, metrics);
  const { clock, store } = workplace;
  const secrets = await secretsOf(row, workplace);
  // What is due of a run that waits needs no secrets: it is recorded, and nothing is begun.
  if (!secrets.ok && row.status !== "waiting") {
    return secrets;
  }
  const references = secrets.ok ? secrets.value : new Map<string, SecretReference>();
  const watch = await watchOf(row, limits, workplace);
  if (!watch.ok) {
    return watch;
  }
  const marks = new RowMarks(row, store.index);
  const spans = new RunTrace(row, clock.now());
  const onEvents = (events: readonly LedgerEvent[]): void => {
    spans.take(events);
    watch.value?.take(events);
    marks.take(events);
  };
  const maxParallel = secrets.ok ? limits.parallel : 0;
  const order = { references, maxParallel, wait: false, onEvents, ...signals, ...traceOf(row, debug) };
  try {
    const ended = await resumeRun(row, order, workplace);
    return !ended.ok && row.status === "waiting" && NO_SECRETS.has(ended.fault.code)
      ? await resumeRun(row, { ...order, references: new Map(), maxParallel: 0 }, workplace)
      : ended;
  } finally {
    await watch.value?.end();
    spans.end(clock.now());
    await marks.end();
  }
}

/** The secrets of a run's steps, by the operator's configuration: a run whose secrets are not there is left alone. */
async function secretsOf(row: RunRow, workplace: Workplace): Promise<Result<ReadonlyMap<string, SecretReference>>> {
  const plan = await storedPlan(row, workplace);
  const used = plan.ok ? ok(usedSecrets(plan.value)) : plan;
  return used.ok ? tenantSecrets(used.value, row.tenantId, workplace.settings) : used;
}

/** Undefined where objectives open no incidents, and for a run whose pack promises nothing. */
async function watchOf(
  row: RunRow,
  { incidentSeconds }: ServiceLimits,
  workplace: Workplace,
): Promise<Result<SloWatch | undefined>> {
  if (incidentSeconds === undefined) {
    return ok(undefined);
  }
  const plan = await storedPlan(row, workplace);
  if (!plan.ok || plan.value.slo === undefined) {
    return plan.ok ? ok(undefined) : plan;
  }
  const state = await readRunState(row, workplace);
  if (!state.ok) {
    return state;
  }
  const { clock, store } = workplace;
  const watch = new SloWatch(row, state.value, { clock, inbox: store.inbox, incidentMs: incidentSeconds * 1000 });
  const begun = await watch.begin();
  return begun.ok ? ok(watch) : begun;
}

function traceOf({ tenantId, runId }: RunRow, debug: DebugLog | undefined): Pick<RunOrder, "trace"> {
  const key = { tenantId, runId };
  return debug === undefined ? {} : { trace: { always: debug.all, tell: (line) => debug.write(key, line) } };
}
