import type { PackBundleClaim } from "#attest/pack-bundle.ts";
import { digestOf, type Digest } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { ok, type Result } from "#fault/result.ts";
import { blobPath } from "#layout/oci.ts";
import { readInputsLock } from "#plan/inputs-lock.ts";
import { readPlan } from "#plan/read-plan.ts";
import { verifyCodes } from "#verify/codes.ts";
import { packBundleCodes } from "./codes.ts";
import type { PackCase } from "./pack-case.ts";

/** A plan in the bundle is the attested one, of this very pack, and its inputs lock names it; a bundle needs none. */
export async function checkPlan(
  given: PackCase,
  claim: PackBundleClaim | undefined,
  asserted: Digest | undefined,
): Promise<void> {
  const { findings, layout } = given;
  const [blob] = layout.referrers.get("plan")?.files ?? [];
  if (asserted !== undefined && blob?.digest !== asserted) {
    const found = blob?.digest ?? "none";
    findings.fail("plan", faultOf(verifyCodes, "ASSERTED_PLAN_MISMATCH", { found, expected: asserted }));
  }
  const hasPlan = layout.referrers.has("plan") || layout.referrers.has("inputs-lock");
  if (!hasPlan && claim?.plan === undefined) {
    findings.skip("plan", "the bundle was made without inputs and has none");
    return;
  }
  const checked = await planProblem(given, claim);
  if (typeof checked === "string") {
    findings.fail("plan", faultOf(packBundleCodes, "PACK_PLAN_MISMATCH", { problem: checked }));
  } else if (checked.ok) {
    findings.pass("plan", `${claim?.plan?.hash ?? ""} is of this pack`);
  } else {
    findings.fail("plan", checked.fault);
  }
}

async function planProblem(
  { layout, document, sha256 }: PackCase,
  claim: PackBundleClaim | undefined,
): Promise<string | Result<void>> {
  const [planBlob] = layout.referrers.get("plan")?.files ?? [];
  const [lockBlob] = layout.referrers.get("inputs-lock")?.files ?? [];
  const attested = claim?.plan;
  if (planBlob === undefined || lockBlob === undefined || attested === undefined) {
    return "plan, inputs lock and their attestation come together, or not at all";
  }
  const bytes = await document(planBlob);
  const lock = await document(lockBlob);
  if (!bytes.ok || !lock.ok) {
    return bytes.ok ? (lock.ok ? ok(undefined) : lock) : bytes;
  }
  const hash = digestOf(bytes.value, sha256);
  if (hash !== attested.hash || blobPath(hash) !== attested.canonicalPlanPath) {
    return "it has another hash than the publisher attests";
  }
  const plan = readPlan(bytes.value);
  if (!plan.ok) {
    return plan;
  }
  const { name, version, digest } = plan.value.pack;
  if (name !== layout.pack.name || version !== layout.pack.version || digest !== layout.pack.packDigest) {
    return "it is of another pack";
  }
  const locked = readInputsLock(lock.value);
  if (!locked.ok) {
    return locked;
  }
  return locked.value.planHash === hash ? ok(undefined) : "its inputs lock is of another plan";
}
