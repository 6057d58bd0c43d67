import { canonicalJson } from "#canon/canonical-json.ts";
import type { Plan } from "#plan/plan.ts";

/** The plan as it is read back from its canonical bytes: what is shown of it has one order of members, wherever it comes from. */
export function canonicalPlan(plan: Plan): Plan {
  return JSON.parse(canonicalJson(plan)) as Plan;
}
