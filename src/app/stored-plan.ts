import { digestOf } from "#canon/digest.ts";
import type { DigestedPlan } from "#engine/take-over.ts";
import { ok, type Result } from "#fault/result.ts";
import type { Plan } from "#plan/plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import type { RunIdentity } from "#port/run-store.ts";
import { recompileStored } from "./recompile-stored.ts";
import type { Workplace } from "./workplace.ts";

/** What a spoilt plan is told by; a store that fails is not among them. */
const SPOILT: ReadonlySet<string> = new Set(["PLAN_FILE", "FILE_MISSING"]);

type Source = Pick<Workplace, "store" | "artifacts" | "sha256" | "builtIns" | "recompile">;

/**
 * The plan to look at a run through: the pinned one or, where that was spoilt, what the run's own pack and inputs compile
 * to. The run then ends for drift, which its ledger can say only while there is a plan to drive it by.
 */
export async function storedPlan(identity: RunIdentity, workplace: Source): Promise<Result<Plan>> {
  const read = await readStoredPlan(identity, workplace);
  return read.ok ? ok(read.value.plan) : read;
}

/** The same, with the digest of the bytes that it was read from. */
export async function readStoredPlan(identity: RunIdentity, workplace: Source): Promise<Result<DigestedPlan>> {
  const bytes = await workplace.store.ledger.getFile(identity, "plan.canonical.json");
  const pinned = bytes.ok ? digested(bytes.value, workplace) : bytes;
  if (pinned.ok || !SPOILT.has(pinned.fault.code)) {
    return pinned;
  }
  const compiled = await recompileStored(identity, workplace);
  const plan = compiled.ok ? digested(compiled.value, workplace) : compiled;
  return plan.ok ? plan : pinned;
}

function digested(bytes: Uint8Array, { sha256 }: Source): Result<DigestedPlan> {
  const plan = readPlan(bytes);
  return plan.ok ? ok({ plan: plan.value, digest: digestOf(bytes, sha256) }) : plan;
}
