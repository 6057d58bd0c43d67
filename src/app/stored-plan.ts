import type { Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { RunIdentity } from "#port/run-store.ts";
import { recompileStored } from "./recompile-stored.ts";
import type { Workplace } from "./workplace.ts";

/** What a spoilt plan is told by; a store that fails is not among them. */
const SPOILT: ReadonlySet<string> = new Set(["PLAN_FILE", "FILE_MISSING"]);

/**
 * The plan to look at a run through: the pinned one or, where that was spoilt, what the run's own pack and inputs compile
 * to. The run then ends for drift, which its ledger can say only while there is a plan to drive it by.
 */
export async function storedPlan(
  identity: RunIdentity,
  workplace: Pick<Workplace, "store" | "artifacts" | "sha256" | "builtIns" | "recompile">,
): Promise<Result<Plan>> {
  const bytes = await workplace.store.ledger.getFile(identity, "plan.canonical.json");
  const pinned = bytes.ok ? readPlan(bytes.value) : bytes;
  if (pinned.ok || !SPOILT.has(pinned.fault.code)) {
    return pinned;
  }
  const compiled = await recompileStored(identity, workplace);
  const plan = compiled.ok ? readPlan(compiled.value) : compiled;
  return plan.ok ? plan : pinned;
}
