import { cpSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Test } from "tap";
import { openService } from "#app/service/open-service.ts";
import { ServiceMetrics } from "#app/service/service-metrics.ts";
import { serviceLimits, type ServiceLimits } from "#app/service/service-limits.ts";
import type { Bearer, Service, ServiceOrder } from "#app/service/service.ts";
import { tenantWorkplace } from "#app/service/tenant-workplace.ts";
import { uploadFolder } from "#app/service/uploads.ts";
import type { DebugLog } from "#app/service/work-shift.ts";
import { Worker, type WorkerNote } from "#app/service/worker.ts";
import type { PlanRefusal } from "#app/plan-refusal.ts";
import type { Workplace } from "#app/workplace.ts";
import { parseTenantId, type TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import { treeDigest } from "#pack/pack-files.ts";
import type { RunKey } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { readRunState } from "#app/read-run.ts";
import { value } from "../../attest/signing.ts";
import { scriptedRunner } from "./scripted-runner.ts";
import { smallWorkplace, type SmallWorkplace } from "../small-workplace.ts";

/** A service with a worker over a store of its own, and packs that were uploaded to it. */
export type ServiceWorld = {
  readonly place: SmallWorkplace;
  readonly workplace: Workplace;
  readonly service: Service;
  readonly metrics: ServiceMetrics;
  readonly notes: WorkerNote[];
  readonly bearer: Bearer;
  readonly worker: (change?: Partial<ServiceLimits>, there?: Workplace, debug?: DebugLog) => Worker;
  /** Writes a pack with these steps and uploads it; what orders call it. */
  readonly upload: (steps: string, more?: string) => Promise<ServiceOrder["pack"]>;
  readonly submit: (order: ServiceOrder) => Promise<RunKey>;
  readonly state: (key: RunKey) => Promise<RunState>;
  readonly events: (key: RunKey) => Promise<readonly LedgerEvent[]>;
  /** Resolves when the run's row has this status. */
  readonly until: (key: RunKey, ...statuses: readonly string[]) => Promise<void>;
};

export const tenantOf = (name: string): TenantId => {
  const tenant = parseTenantId(name);
  if (tenant === undefined) {
    throw new Error(name);
  }
  return tenant;
};

export const localBearer = (tenant = "default"): Bearer => ({
  tenantId: tenantOf(tenant),
  issuer: "local",
  subject: "operator",
  scopes: [],
  local: true,
});

export async function serviceWorld(t: Test, change: Partial<ServiceLimits> = {}): Promise<ServiceWorld> {
  const place = smallWorkplace(t);
  const workplace = { ...(await place.open()), runner: scriptedRunner };
  const metrics = new ServiceMetrics();
  const limits = { ...serviceLimits({ runs: 2, parallel: 2 }), ...change };
  const service = openService({ workplace, limits, metrics });
  const notes: WorkerNote[] = [];
  const workers: Worker[] = [];
  t.teardown(async () => {
    await Promise.all(workers.map(async (worker) => worker.stop(0)));
  });
  const bearer = localBearer();
  const state = async (key: RunKey): Promise<RunState> =>
    value(await readRunState(value(await workplace.store.ledger.identity(key)), workplace));
  return {
    place,
    workplace,
    service,
    metrics,
    notes,
    bearer,
    state,
    worker: (more = {}, there = workplace, debug?: DebugLog) => {
      const worker = new Worker({
        workplace: there,
        metrics,
        limits: { ...limits, ...more },
        note: (note) => void notes.push(note),
        ...(debug === undefined ? {} : { debug }),
      });
      workers.push(worker);
      return worker;
    },
    upload: async (steps, more = "") => upload(place, workplace, packText(steps, more)),
    submit: async (order) => {
      const { runId } = taken(await service.submit(order, bearer));
      return { tenantId: bearer.tenantId, runId };
    },
    events: async (key) => Array.fromAsync(workplace.store.ledger.read(key)),
    until: async (key, ...statuses) => {
      for (let tries = 0; ; tries += 1) {
        const rows = await workplace.store.index.list(key.tenantId, { limit: 100 });
        const status = rows.find(({ runId }) => runId === key.runId)?.status ?? "";
        if (statuses.includes(status)) {
          return;
        }
        if (tries > 600 || isTerminal(status as RunState["status"])) {
          throw new Error(`it stays ${status}: ${JSON.stringify(notes)}`);
        }
        await workplace.store.ledger.changed(key, Number.MAX_SAFE_INTEGER, 50);
      }
    },
  };
}

export function taken<T>(result: Result<T, PlanRefusal>): T {
  if (!result.ok) {
    throw new Error(JSON.stringify(result.fault));
  }
  return result.value;
}

/** The code of a refusal; of findings the first one's. */
export function refusalOf(result: Result<unknown, PlanRefusal>): string {
  if (result.ok) {
    return "ok";
  }
  return result.fault.kind === "fault" ? result.fault.fault.code : (result.fault.diagnostics[0]?.code ?? "none");
}

async function upload(place: SmallWorkplace, workplace: Workplace, text: string): Promise<{ readonly upload: string }> {
  const folder = dirname(place.write("uploading/pack.yaml", text));
  const { listing } = value(await workplace.folders.readPack(folder));
  const id = treeDigest(listing, workplace.sha256);
  for (const tenant of ["default", "t1", "t2"]) {
    const to = uploadFolder(id, tenantWorkplace(workplace, tenantOf(tenant), new ServiceMetrics()).settings) ?? "";
    mkdirSync(dirname(to), { recursive: true });
    cpSync(folder, to, { recursive: true });
  }
  return { upload: id };
}

export const packText = (steps: string, more = ""): string => `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/served, version: 1.0.0}
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
${more}
  steps:
${steps}
`;
