import { digestOf, type Digest } from "#canon/digest.ts";
import { PLAN_PATH } from "#evidence/evidence-path.ts";
import { faultOf } from "#fault/code-table.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { Case, PlannedCase } from "./case.ts";
import { verifyCodes } from "./codes.ts";
import { planTree } from "./plan-tree.ts";

/** The plan, when its bytes are canonical, its hash is the run's, and its nodes fit together. */
export async function checkPlan(given: Case): Promise<PlannedCase | undefined> {
  const { checks, reader, manifest, sha256 } = given;
  const bytes = await reader.document(PLAN_PATH);
  if (!bytes.ok) {
    checks.fail("plan", bytes.fault);
    return undefined;
  }
  const found = digestOf(bytes.value, sha256);
  if (found !== manifest.planHash) {
    const data = { found, expected: manifest.planHash };
    checks.fail("plan", faultOf(verifyCodes, "PLAN_BYTES_MISMATCH", data));
  }
  const plan = readPlan(bytes.value);
  if (!plan.ok) {
    checks.fail("plan", plan.fault);
    return undefined;
  }
  const tree = planTree(plan.value);
  if (typeof tree === "string") {
    checks.fail("plan", faultOf(verifyCodes, "PLAN_REFUSED", { problem: tree }));
    return undefined;
  }
  checks.pass("plan", `canonical, ${found}`);
  return { ...given, plan: plan.value, tree };
}

/** A hash that was asserted from outside is compared with the run's. */
export function checkAssertedPlan({ checks, manifest }: Case, asserted: Digest | undefined): void {
  const found = manifest.planHash;
  if (asserted === undefined) {
    checks.skip("plan-hash", "no hash was asserted with --plan-hash");
  } else if (asserted === found) {
    checks.pass("plan-hash", "the plan is the asserted one");
  } else {
    checks.fail("plan-hash", faultOf(verifyCodes, "ASSERTED_PLAN_MISMATCH", { found, expected: asserted }));
  }
}
