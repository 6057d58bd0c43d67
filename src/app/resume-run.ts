import { readSidecar } from "#attest/read-sidecar.ts";
import { ok, type Result } from "#fault/result.ts";
import type { NodeKind } from "#plan/plan.ts";
import type { RunIdentity, RunKey } from "#port/run-store.ts";
import type { SecretReference } from "#port/secrets.ts";
import { checkDeclared, checkGiven } from "./check-secrets.ts";
import { finishRun, type RunEnd, type RunOrder } from "./finish-run.ts";
import { readRunState } from "./read-run.ts";
import type { RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";
import { checkRunKey } from "./run-standing.ts";
import { openRunTrust, revocationPlace } from "./run-trust.ts";
import { admitResumed } from "./trust-admission.ts";
import type { Workplace } from "./workplace.ts";

/**
 * Goes on with a run from its ledger; a run that has ended is sealed if it is not yet. Nothing is told of events that are
 * in the ledger already. While anything is left to run every secret of the plan has to be given again, also of steps that have
 * ended: it may lie in what they left behind.
 */
export async function resumeRun(key: RunKey, order: RunOrder, workplace: Workplace): Promise<Result<RunEnd>> {
  const identity = await workplace.store.ledger.identity(key);
  if (!identity.ok) {
    return identity;
  }
  const state = await readRunState(identity.value, workplace);
  if (!state.ok) {
    return state;
  }
  const { plan } = state.value;
  const declared = checkDeclared(plan, order.references);
  const isDriven = order.maxParallel > 0 && hasWorkLeft(state.value);
  const given = declared.ok && isDriven ? checkGiven(plan, order.references) : declared;
  if (!given.ok) {
    return given;
  }
  const trust = await openRunTrust(
    workplace,
    Object.values(plan.approvals).flatMap((rule) => rule.from),
  );
  const references = isDriven ? order.references : new Map<string, SecretReference>();
  const after = state.value.head.sequence;
  // A run that is stopping may always come to its end.
  if (trust.ok && !isTerminal(state.value.status) && state.value.stop === undefined) {
    const { runId, planHash } = identity.value;
    const { root, attestor } = trust.value;
    const resumed = { runId, planHash, pack: plan.pack };
    const requested = await requestKeys(identity.value, workplace);
    if (!requested.ok) {
      return requested;
    }
    const keys = [...requested.value, attestor.keyid];
    const attests = checkRunKey(root, attestor.keyid, "run-attestor", { tenant: key.tenantId, pack: plan.pack.name });
    const admitted = attests.ok ? await admitResumed(resumed, keys, root, revocationPlace(workplace)) : attests;
    if (!admitted.ok) {
      return admitted;
    }
  }
  if (trust.ok) {
    const { steps, pendingGates } = runSummary(state.value);
    order.onPlan?.(plan, steps);
    if (!isTerminal(state.value.status)) {
      const openGates = pendingGates.filter(({ notAfter }) => notAfter > workplace.clock.now());
      order.onFound?.({ identity: identity.value, openGates });
    }
  }
  return trust.ok ? finishRun(identity.value, { ...order, references, after }, workplace, trust.value) : trust;
}

/** The key that signed the run's request: evidence is held to it. Faults: those of the store and of `readSidecar`. */
async function requestKeys(identity: RunIdentity, { store }: Workplace): Promise<Result<readonly string[]>> {
  const sidecar = await store.ledger.getFile(identity, "request.sigstore.json");
  const request = sidecar.ok ? readSidecar(sidecar.value, "own") : sidecar;
  if (!request.ok) {
    return request;
  }
  const { keyid } = request.value;
  return ok(keyid === undefined ? [] : [keyid]);
}

const GATES: ReadonlySet<NodeKind> = new Set(["gate.approval", "gate.policy"]);

/** Whether anything can still run, of a run that stops only in `finally`. */
function hasWorkLeft({ status, stop, live }: RunState): boolean {
  const roots = stop === undefined ? [...live.main.roots, ...live.finally.roots] : live.finally.roots;
  return (
    !isTerminal(status) &&
    roots.some(({ at, record }) => !GATES.has(at.node.kind) && !isTerminal(record?.status ?? "pending"))
  );
}
