import type { Digest } from "#canon/digest.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import { checkPackVersion } from "#trust/check-pack-version.ts";
import { findRevoked } from "#trust/find-revoked.ts";
import { checkRootExpiry } from "#trust/freshness.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import { heldRevocations, type RevocationPlace } from "./revocation-standing.ts";
import { checkRunKeys } from "./run-standing.ts";
import type { RequestTrust } from "./run-trust.ts";
import { hasNoRoot, siteRoot } from "./site-root.ts";

/** A plan as trust roots and revocation lists speak of it. */
export type TrustedPlan = { readonly pack: Plan["pack"]; readonly planHash: Digest };

/**
 * Whether the trust root of this place takes a pack and its plan: the configured root, else the development one where there
 * is one already. Faults: those of `siteRoot`, TRUST_ROOT_EXPIRED, PACK_BELOW_MINIMUM,
 * REVOKED_PLAN, REVOKED_PACK, those of `heldRevocations`.
 */
export async function admitPlanned(plan: TrustedPlan, place: RevocationPlace): Promise<Result<void>> {
  if (hasNoRoot(place.settings)) {
    return ok(undefined);
  }
  const root = await siteRoot(place);
  return root.ok ? admit(plan, root.value, place, []) : root;
}

/**
 * The same for a run of this tenant that starts, which needs the keys behind it as well: one that is revoked, or has no role
 * for it, would sign evidence that nobody takes. Faults also: REVOKED_KEY, those of `checkRunKeys`.
 */
export async function admitStart(
  { tenantId: tenant, ...plan }: TrustedPlan & { readonly tenantId: string },
  trust: RequestTrust,
  place: RevocationPlace,
): Promise<Result<void>> {
  const admitted = await admit(plan, trust.root, place, keysOf(trust));
  return admitted.ok ? checkRunKeys(trust, { tenant, pack: plan.pack.name }, timestampOf(place.now())) : admitted;
}

/**
 * Whether a run may go on that was started before: what it is was taken then, so that only what was revoked since stops it.
 * `keys` are those behind it, by id. Faults: REVOKED_*, those of `heldRevocations`.
 */
export async function admitResumed(
  { runId, ...plan }: TrustedPlan & { readonly runId: string },
  keys: readonly string[],
  root: TrustRoot,
  place: RevocationPlace,
): Promise<Result<void>> {
  return unrevoked({ run: runId, ...plan }, root, place, keys);
}

async function admit(
  plan: TrustedPlan,
  root: TrustRoot,
  place: RevocationPlace,
  keys: readonly string[],
): Promise<Result<void>> {
  const fresh = checkRootExpiry(root, timestampOf(place.now()));
  const taken = fresh.ok ? checkPackVersion(root, plan.pack) : fresh;
  return taken.ok ? unrevoked(plan, root, place, keys) : taken;
}

async function unrevoked(
  { run, planHash, pack }: TrustedPlan & { readonly run?: string },
  root: TrustRoot,
  place: RevocationPlace,
  keys: readonly string[],
): Promise<Result<void>> {
  const held = await heldRevocations(root, place);
  if (!held.ok) {
    return held;
  }
  const list = held.value?.list;
  const ofRun = findRevoked(list, { ...(run === undefined ? {} : { run }), plan: planHash, pack });
  const revoked = ofRun ?? keys.map((key) => findRevoked(list, { key })).find((fault) => fault !== undefined);
  return revoked === undefined ? ok(undefined) : fail(revoked);
}

/** The keys behind a run that is requested now. */
export function keysOf({ requester, attestor }: Pick<RequestTrust, "requester" | "attestor">): readonly string[] {
  return [requester.keyid, attestor.keyid];
}
