import { timestampOf } from "#canon/timestamp.ts";
import type { NodeKind } from "#plan/plan.ts";
import { countedDecisions, expiredSince } from "#run/gate-standing.ts";
import { entryOf } from "#run/run-record.ts";
import type { Instance } from "#run/instance.ts";
import type { RunState } from "#run/state.ts";
import { runSummary, type StepSummary } from "#run/summary.ts";
import type { Values } from "#run/value.ts";

/** A run with its graph, for those who draw it. */
export type RunDetail = {
  readonly runId: string;
  readonly tenantId: string;
  readonly trustDomain: string;
  readonly planHash: string;
  readonly pack: { readonly name: string; readonly version: string; readonly digest: string };
  readonly status: string;
  readonly reason?: string;
  readonly requestedBy: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Sequence of the last event: where to follow the run from. */
  readonly sequence: number;
  /** Canonical order, `finally` last. */
  readonly steps: readonly GraphStep[];
  readonly outputs: Values;
  readonly pendingGates: readonly PendingGate[];
};

type GraphStep = Omit<StepSummary, "outputs"> & {
  readonly kind: NodeKind;
  readonly parent: string | null;
  /** Siblings that it waits for. */
  readonly needs: readonly string[];
  readonly section: "steps" | "finally";
};

type PendingGate = {
  readonly id: string;
  readonly approval: string;
  readonly required: number;
  readonly have: number;
  /** Approvals that are still to come. */
  readonly missing: number;
  /** Roles of which approvers are. */
  readonly from: readonly string[];
  readonly separationOfDuties: boolean;
  /** Who has decided so far and still counts, in ledger order. */
  readonly decided: readonly { readonly principal: string; readonly decision: "approve" | "reject" }[];
  readonly notAfter: string;
  /** Its time is over: whoever drives the run next records that. */
  readonly expired: boolean;
};

/** `now`: in milliseconds since 1970. */
export function runDetail(state: RunState, now: number): RunDetail {
  const { identity, plan } = state;
  const { status, reason, steps, pendingGates, outputs } = runSummary(state);
  const { name, version, digest } = plan.pack;
  const places = placesOf(state);
  return {
    runId: identity.runId,
    tenantId: identity.tenantId,
    trustDomain: identity.trustDomain,
    planHash: identity.planHash,
    pack: { name, version, digest },
    status,
    ...(reason === undefined ? {} : { reason }),
    requestedBy: state.requestedBy ?? "",
    createdAt: timestampOf(state.createdAt ?? 0),
    updatedAt: timestampOf(state.lastTimestamp),
    sequence: state.head.sequence,
    steps: steps.map(({ outputs: _outputs, ...step }) => ({ ...step, ...(places.get(step.id) ?? NOWHERE) })),
    outputs,
    pendingGates: pendingGates.map(({ notAfter, ...gate }) => {
      const { from = [], separationOfDuties = false } = entryOf(plan.approvals, gate.approval) ?? {};
      const missing = Math.max(0, gate.required - gate.have);
      const decided = countedDecisions(state, gate.id).map(({ principal, decision }) => ({ principal, decision }));
      const expired = expiredSince(state, gate.id, now) !== undefined;
      return { ...gate, missing, from, separationOfDuties, decided, notAfter: timestampOf(notAfter), expired };
    }),
  };
}

type Place = Pick<GraphStep, "parent" | "needs" | "section">;
const NOWHERE: Place = { parent: null, needs: [], section: "steps" };

function placesOf({ live }: RunState): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>();
  const note = (instance: Instance, section: Place["section"]): void => {
    const { id, parent, prefix, at } = instance;
    // Needs of a template name siblings of the template: here they are those of the same iteration.
    const needs = at.node.needs.map((need) => `${prefix}${need.split("::").at(-1) ?? need}`);
    places.set(id, { parent: parent?.id ?? null, needs, section });
    instance.kids.flat().forEach((kid) => note(kid, section));
  };
  live.main.roots.forEach((root) => note(root, "steps"));
  live.finally.roots.forEach((root) => note(root, "finally"));
  return places;
}
