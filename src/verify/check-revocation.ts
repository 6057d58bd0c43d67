import { REVOCATIONS_PATH, SIDECAR } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import {
  checkLeastSequence,
  checkRevocations,
  revocationsStaleness,
  type RevocationFiles,
  type SignedRevocations,
} from "#trust/check-revocations.ts";
import { findRevoked } from "#trust/find-revoked.ts";
import { needsRevocations } from "#trust/freshness.ts";
import { revocationCodes } from "#trust/revocation-codes.ts";
import type { TrustRoot } from "#trust/trust-root.ts";
import type { Case } from "./case.ts";
import { verifyCodes } from "./codes.ts";

/** A bundle, its trust root, and what every signature in it is held against. */
type RootedCase = Case & { readonly trustRoot: TrustRoot };

/**
 * Finds the revocation list that is in force and holds run, plan and pack against it; the case in which every signature is
 * held against it, too. The site's list counts; the bundle's own is a floor: it counts only when its sequence is the higher
 * one. Both must hold wherever they are.
 */
export async function checkRevocation(
  given: Case,
  site: RevocationFiles | undefined,
  pack: Plan["pack"] | undefined,
): Promise<Case> {
  const { checks, reader, requireDsse, trustRoot, manifest } = given;
  if (requireDsse && !reader.has(REVOCATIONS_PATH + SIDECAR)) {
    checks.fail("revocation", faultOf(verifyCodes, "SIGNATURE_ABSENT", { path: REVOCATIONS_PATH + SIDECAR }));
  }
  if (trustRoot === undefined) {
    checks.skip("revocation", "no trust root to check it with");
    return given;
  }
  const rooted = { ...given, trustRoot };
  const own = await signedList(rooted, site);
  const files = await bundledFiles(given);
  if (!files.ok) {
    checks.fail("revocation", files.fault);
  }
  const floor = await signedList(rooted, files.ok ? files.value : undefined);
  const list = inForce(own, floor);
  if (list === undefined) {
    sayNone(rooted);
    return given;
  }
  judgeList(rooted, list);
  const { runId: run, planHash: plan } = manifest;
  const revoked = findRevoked(list, { run, plan, ...(pack === undefined ? {} : { pack }) });
  if (revoked !== undefined) {
    checks.fail("revocation", revoked);
  }
  const { sequence, nextUpdate } = list.document;
  const whose = list === own ? "the site's list" : "the bundle's own list";
  checks.pass("revocation", `nothing here is revoked by ${whose}, sequence ${sequence}, good until ${nextUpdate}`);
  return { ...given, revocations: list };
}

/** A list that is there must hold, whether it counts in the end or not. */
async function signedList(
  given: RootedCase,
  files: RevocationFiles | undefined,
): Promise<SignedRevocations | undefined> {
  const read = files === undefined ? undefined : await checkRevocations(files, given);
  if (read?.ok === false) {
    given.checks.fail("revocation", read.fault);
  }
  return read?.ok === true ? read.value : undefined;
}

/** A sidecar without its list is a file that is missing; a list without its sidecar is unsigned. */
async function bundledFiles({ reader }: Case): Promise<Result<RevocationFiles | undefined>> {
  const sidecarPath = REVOCATIONS_PATH + SIDECAR;
  if (!reader.has(REVOCATIONS_PATH) && !reader.has(sidecarPath)) {
    return ok(undefined);
  }
  const list = await reader.document(REVOCATIONS_PATH);
  if (!list.ok || !reader.has(sidecarPath)) {
    return list.ok ? ok({ list: list.value }) : list;
  }
  const sidecar = await reader.document(sidecarPath);
  return sidecar.ok ? ok({ list: list.value, sidecar: sidecar.value }) : sidecar;
}

/** The higher sequence counts, of equal ones the site's; and the site's where it revokes the key behind the bundle's. */
function inForce(
  own: SignedRevocations | undefined,
  floor: SignedRevocations | undefined,
): SignedRevocations | undefined {
  if (own === undefined || floor === undefined) {
    return own ?? floor;
  }
  const distrusted = findRevoked(own, { key: floor.signer.key.keyid }) !== undefined;
  return distrusted || floor.document.sequence <= own.document.sequence ? own : floor;
}

function sayNone({ checks, trustRoot }: RootedCase): void {
  if (!needsRevocations(trustRoot)) {
    checks.skip("revocation", "no revocation list was given, none is in the bundle, and the trust root demands none");
    return;
  }
  const { trustDomain } = trustRoot.document;
  const why = "its trust root demands one";
  checks.fail("revocation", faultOf(revocationCodes, "REVOCATIONS_MISSING", { trustDomain, why }));
}

function judgeList({ checks, trustRoot, at }: RootedCase, list: SignedRevocations): void {
  const least = checkLeastSequence(list, trustRoot);
  if (!least.ok) {
    checks.fail("revocation", least.fault);
  }
  const stale = revocationsStaleness(list, trustRoot, at);
  if (stale !== undefined) {
    checks.stale("revocation", stale);
  }
}
