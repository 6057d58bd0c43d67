import { describeMisfit, misfitsOf } from "#canon/shape.ts";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planFileCodes } from "./plan-file-codes.ts";
import { planShape, type Plan } from "./plan.ts";

/** Reads the bytes of a `plan.canonical.json`, by whatever name it goes: canonical JSON of the closed shape of a plan. Fault: PLAN_FILE. */
export function readPlan(bytes: Uint8Array, file = "plan.canonical.json"): Result<Plan> {
  const read = readCanonicalJson(bytes, file);
  if (!read.ok) {
    return fail(faultOf(planFileCodes, "PLAN_FILE", { file, problem: read.fault.message }));
  }
  const [misfit] = misfitsOf(planShape, read.value);
  return misfit === undefined
    ? ok(read.value as Plan)
    : fail(faultOf(planFileCodes, "PLAN_FILE", { file, problem: describeMisfit(misfit) }));
}
