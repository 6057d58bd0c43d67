import { join } from "node:path";
import type { Fault } from "#fault/fault.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import type { RunIdentity, RunStore } from "#port/run-store.ts";
import type { RunState } from "#run/state.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { anchorEvidence } from "./anchor-evidence.ts";
import { readRunState } from "./read-run.ts";
import { indexRun } from "./run-row.ts";
import { heldRevocations } from "./revocation-standing.ts";
import { openRunTrust, revocationPlace, type RunTrust } from "./run-trust.ts";
import { sealRun, type SealedRun } from "./seal-run.ts";
import { shippedVerifier } from "./shipped-verifier.ts";
import type { Workplace } from "./workplace.ts";

/** Where a run's evidence bundle lies unless the command says otherwise. */
export function evidenceFolder(runId: string, { settings }: Workplace): string {
  return join(settings.stateFolder, "evidence", runId);
}

/** `unanchored`: why nobody vouches for new evidence although somebody is configured to. */
type SealedFinished = SealedRun & { readonly unanchored?: Fault };

/**
 * Seals a finished run, and has it vouched for as configured; a bundle that is there already stands. `driven` is the state in which this process left the run,
 * its index row written: the sealed ledger must end there. Without it the ledger is read for both.
 */
export async function sealFinished(
  identity: RunIdentity,
  workplace: Workplace,
  trust: Pick<RunTrust, "attestor" | "root">,
  folder: string = evidenceFolder(identity.runId, workplace),
  driven?: RunState,
): Promise<Result<SealedFinished>> {
  const state = driven === undefined ? await readIndexed(identity, workplace) : ok(driven);
  if (!state.ok) {
    return state;
  }
  const { store, artifacts, sha256, verifySignature, engine } = workplace;
  const verifier = await shippedVerifier(engine.version);
  const { plan, head } = state.value;
  // A floor for those who verify: one that does not hold is no floor, and keeps no evidence from being sealed.
  const held = await heldRevocations(trust.root, revocationPlace(workplace), "any");
  const revocations = held.ok && held.value !== undefined ? { revocations: held.value.files } : {};
  const { attestor } = trust;
  const ports = { artifacts, attestor, sha256, verifySignature, engine, verifier, plan, head, ...revocations };
  const sealed = await sealRun(identity, { ...ports, ledger: store.ledger, lines: store.lines }, folder);
  if (!sealed.ok) {
    return sealed;
  }
  const destroyed = await destroyKey(identity, plan, store);
  if (!destroyed.ok) {
    return destroyed;
  }
  const unanchored = sealed.value.made ? await anchorSealed(folder, workplace, trust.root) : undefined;
  return unanchored === undefined ? sealed : ok({ ...sealed.value, unanchored });
}

/** Seals a run that ended without being sealed into its usual place: its process died, or its bundle went elsewhere. */
export async function sealAfterwards(
  identity: RunIdentity,
  { approvals }: Plan,
  workplace: Workplace,
): Promise<Result<SealedFinished>> {
  const roles = Object.values(approvals).flatMap((rule) => rule.from);
  const trust = await openRunTrust(workplace, roles);
  return trust.ok ? sealFinished(identity, workplace, trust.value) : trust;
}

/** With the key, a weak secret could be guessed from its marks. A run of policy `blank` has none. */
async function destroyKey(identity: RunIdentity, { security }: Plan, store: RunStore): Promise<Result<void>> {
  return security.secretsRedactionPolicy === "blank" ? ok(undefined) : store.redactionKeys.destroy(identity);
}

/** Anchors new evidence with those who are configured. That nobody vouches for it takes nothing from it. */
async function anchorSealed(folder: string, workplace: Workplace, root: TrustRoot): Promise<Fault | undefined> {
  const { settings, anchors, verifySignature } = workplace;
  if (settings.anchor === undefined) {
    return undefined;
  }
  const anchored = await anchorEvidence(folder, settings.anchor, root, { ...anchors, verifySignature });
  return anchored.ok ? undefined : anchored.fault;
}

async function readIndexed(identity: RunIdentity, workplace: Workplace): Promise<Result<RunState>> {
  const state = await readRunState(identity, workplace);
  const put = state.ok ? await indexRun(identity, state.value, workplace.store) : ok(undefined);
  return put.ok ? state : put;
}
