import type { Digest } from "#canon/digest.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { compareUtf8 } from "#canon/utf8.ts";
import type { Fault } from "#fault/fault.ts";
import { faultOfRun } from "#fault/fault-of-run.ts";
import { ok, type Result } from "#fault/result.ts";
import type { ApprovalRule, Plan } from "#plan/plan.ts";
import { readApprovalRequest } from "#attest/approval-request.ts";
import { countedDecisions } from "#run/gate-standing.ts";
import { entryOf } from "#run/run-record.ts";
import type { RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";
import { eligibleApprovers } from "#trust/eligible-approvers.ts";
import type { Revocations } from "#trust/revocation-list.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { requestPath } from "./approval-paths.ts";
import { openApprovalRoot } from "./approval-trust.ts";
import { readRunState } from "./read-run.ts";
import { heldRevocations, type RevocationPlace } from "./revocation-standing.ts";
import type { Workplace } from "./workplace.ts";

/** A gate that somebody has to decide on. */
export type WaitingGate = {
  readonly runId: string;
  readonly gateId: string;
  readonly approval: string;
  readonly required: number;
  readonly have: number;
  /** Who has decided so far and still counts, in ledger order. */
  readonly decided: readonly { readonly principal: string; readonly decision: "approve" | "reject" }[];
  readonly from: readonly string[];
  /** Who may still decide, by the trust root as it is now; absent where it is another trust domain's or there is none. */
  readonly mayApprove?: readonly string[];
  readonly notAfter: Timestamp;
  /** Its time is over: whoever drives the run next records that. */
  readonly expired: boolean;
  readonly message?: string;
  readonly requestedBy: string;
  readonly trustDomain: string;
  readonly pack: Plan["pack"];
  readonly planHash: Digest;
};

/** Whose roles are known: the trust root of this place, and what was taken back since. */
export type Known = { readonly root: TrustRoot; readonly revocations: Revocations | undefined };

/** Runs that are looked at, the newest first. */
const LOOKED_AT = 10_000;

/** Gates that wait, and the runs that could not be read: one of those hides no other. */
export type WaitingGates = { readonly items: readonly WaitingGate[]; readonly unread: readonly Fault[] };

/** Gates that wait, over all runs of the tenant; the one whose time is over first comes first. */
export async function listApprovals(workplace: Workplace): Promise<Result<WaitingGates>> {
  const { store, settings, clock } = workplace;
  const known = await knownApprovers({ ...workplace, now: clock.now });
  if (!known.ok) {
    return known;
  }
  const now = timestampOf(clock.now());
  const items: WaitingGate[] = [];
  const unread: Fault[] = [];
  for (const row of await store.index.list(settings.tenantId, { limit: LOOKED_AT })) {
    const state = isTerminal(row.status) ? undefined : await readRunState(row, workplace);
    if (state?.ok === false) {
      unread.push(faultOfRun(row.runId, state.fault));
    }
    for (const gate of state?.ok === true ? waitingGates(state.value, known.value, now) : []) {
      const request = await store.ledger.getFile(row, requestPath(gate.gateId));
      items.push(request.ok ? withMessage(gate, request.value) : gate);
    }
  }
  return ok({ items: items.toSorted(compareGates), unread });
}

/**
 * What can be said here of who may approve: nothing where there is no trust root, or the list that must come with it is not
 * there.
 */
export async function knownApprovers(place: RevocationPlace): Promise<Result<Known | undefined>> {
  const opened = await openApprovalRoot(place);
  if (!opened.ok) {
    return opened.fault.code === "APPROVAL_TRUST_MISSING" ? ok(undefined) : opened;
  }
  const held = await heldRevocations(opened.value.root, place, "any");
  return ok(held.ok ? { root: opened.value.root, revocations: held.value?.list } : undefined);
}

function waitingGates(state: RunState, trust: Known | undefined, now: Timestamp): readonly WaitingGate[] {
  const { runId, planHash, trustDomain, tenantId } = state.identity;
  const { pack, approvals } = state.plan;
  const requestedBy = state.requestedBy ?? "";
  return runSummary(state).pendingGates.flatMap(({ id: gateId, approval, required, have, notAfter: until }) => {
    const rule = entryOf(approvals, approval);
    if (rule === undefined) {
      return [];
    }
    const decided = countedDecisions(state, gateId).map(({ principal, decision }) => ({ principal, decision }));
    const { from, separationOfDuties } = rule;
    const gate = { gateId, approval, required, have, decided, from, separationOfDuties, notAfter: timestampOf(until) };
    return waitingGate({ runId, tenantId, trustDomain, planHash, pack, requestedBy }, gate, trust, now);
  });
}

type AskedRun = Pick<WaitingGate, "runId" | "trustDomain" | "planHash" | "pack" | "requestedBy"> & {
  readonly tenantId: string;
};
type AskedGate = Pick<WaitingGate, "gateId" | "approval" | "required" | "have" | "decided" | "from" | "notAfter"> &
  Pick<ApprovalRule, "separationOfDuties">;

/** An open gate with who may still decide on it. */
export function waitingGate(
  { tenantId, ...run }: AskedRun,
  { separationOfDuties, ...gate }: AskedGate,
  trust: Known | undefined,
  now: Timestamp,
): WaitingGate {
  const { decided, from, gateId, notAfter } = gate;
  const scope = { pack: run.pack.name, tenant: tenantId, gate: gateId };
  const barred = [...decided.map(({ principal }) => principal), ...(separationOfDuties ? [run.requestedBy] : [])];
  const able =
    trust?.root.document.trustDomain === run.trustDomain
      ? eligibleApprovers(trust.root, from, scope, now, trust.revocations)
      : undefined;
  const mayApprove = able?.filter((principal) => !barred.includes(principal));
  return { ...run, ...gate, ...(mayApprove === undefined ? {} : { mayApprove }), expired: now >= notAfter };
}

/** The message stands in the request, where it is evaluated. */
export function withMessage(gate: WaitingGate, bytes: Uint8Array): WaitingGate {
  const request = readApprovalRequest(bytes);
  const message = request.ok ? request.value.message : undefined;
  return message === undefined ? gate : { ...gate, message };
}

export function compareGates(a: WaitingGate, b: WaitingGate): number {
  return compareUtf8(a.notAfter, b.notAfter) || compareUtf8(a.runId, b.runId) || compareUtf8(a.gateId, b.gateId);
}
