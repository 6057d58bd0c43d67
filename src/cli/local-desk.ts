import { cancelRun } from "#app/cancel-run.ts";
import { decideGate } from "#app/decide-gate.ts";
import { isDriven, isLeft, listRuns } from "#app/list-runs.ts";
import { readRun, readRunState } from "#app/read-run.ts";
import { findRun } from "#app/run-reference.ts";
import type { Workplace } from "#app/workplace.ts";
import type { RunId } from "#canon/ids.ts";
import { ok } from "#fault/result.ts";
import type { RunKey } from "#port/run-store.ts";
import type { RunDesk, ShownArtifact } from "./run-desk.ts";

/** The desk over the store of this place. */
export function localDesk(workplace: Workplace): RunDesk {
  const { tenantId } = workplace.settings;
  const keyOf = (runId: RunId): RunKey => ({ tenantId, runId });
  return { ...seen(workplace, keyOf), ...told(workplace, keyOf) };
}

type KeyOf = (runId: RunId) => RunKey;
type Orders = "approvals" | "request" | "importResponse" | "incident" | "snapshot" | "cancel" | "decide";

/** How runs are seen. */
function seen(workplace: Workplace, keyOf: KeyOf): Omit<RunDesk, Orders> {
  const { settings, store } = workplace;
  return {
    find: async (text) => {
      const key = await findRun(text, settings.tenantId, store);
      return key.ok ? ok(key.value.runId) : key;
    },
    list: async (limit) => ok(await listRuns(workplace, { limit })),
    show: async (runId) => {
      const run = await readRun(keyOf(runId), workplace);
      if (!run.ok) {
        return run;
      }
      const { answer } = run.value;
      return ok({ answer, driven: !(await isLeft(keyOf(runId), answer.status, workplace)) });
    },
    events: async (runId, live, tell) => {
      for (let seen = 0, over = false; !over;) {
        for await (const event of store.ledger.read(keyOf(runId), seen)) {
          seen = event.sequence;
          over ||= event.eventType === "run.finished";
          tell(event);
        }
        over ||= !live;
        if (!over) {
          await store.ledger.changed(keyOf(runId), seen, 1000);
        }
      }
      return ok(undefined);
    },
    artifacts: async (runId) => {
      const items: ShownArtifact[] = [];
      for await (const { eventType, stepId, attempt, metadata } of store.ledger.read(keyOf(runId))) {
        if (eventType === "step.artifact") {
          items.push({ stepId, attempt, ...metadata });
        }
      }
      return ok(items);
    },
    ledger: async (runId, tell) => {
      const decoder = new TextDecoder();
      for await (const chunk of store.ledger.readRaw(keyOf(runId))) {
        tell(decoder.decode(chunk, { stream: true }));
      }
      tell(decoder.decode());
      return ok(undefined);
    },
    fold: (runId) => async (tell) => {
      const identity = await store.ledger.identity(keyOf(runId));
      return identity.ok ? readRunState(identity.value, workplace, tell) : identity;
    },
  };
}

/** What is asked of them and told to them. Most commands need little of it, and it takes time to load. */
function told(workplace: Workplace, keyOf: KeyOf): Pick<RunDesk, Orders> {
  return {
    cancel: (runId, reason) => cancelRun(keyOf(runId), reason, workplace),
    approvals: async () => (await import("#app/approval-list.ts")).listApprovals(workplace),
    request: async (runId, gateId, out) => {
      const { exportApproval } = await import("#app/approval-export.ts");
      return exportApproval(keyOf(runId), gateId, out, workplace);
    },
    importResponse: async (file) => (await import("#app/approval-import.ts")).importApproval(file, workplace),
    incident: async (runId, order) => (await import("#app/incident.ts")).changeIncident(keyOf(runId), order, workplace),
    snapshot: async (runId) => (await import("#app/incident.ts")).takeSnapshot(keyOf(runId), workplace),
    decide: async (runId, given) => {
      const decided = await decideGate(keyOf(runId), given, workplace);
      return decided.ok ? ok({ ...decided.value, driven: await isDriven(keyOf(runId), workplace) }) : decided;
    },
  };
}
