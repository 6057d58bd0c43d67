import { writeFile } from "node:fs/promises";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { Plan } from "#plan/plan.ts";
import { readPlan } from "#plan/read-plan.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { readBounded } from "./read-bounded.ts";
import { userFileCodes } from "./user-file-codes.ts";

/** Reads a file that a person named, of at most `most` bytes. Fault: USER_FILE_READ. */
export async function readUserFile(file: string, most = DOCUMENT_LIMIT): Promise<Result<Uint8Array>> {
  try {
    return ok(await readBounded(file, most));
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_READ", { file, problem: systemProblem(error) }));
  }
}

/** Writes a file that a person named, in place of one that is there. Fault: USER_FILE_WRITE. */
export async function writeUserFile(file: string, bytes: Uint8Array): Promise<Result<void>> {
  try {
    await writeFile(file, bytes);
    return ok(undefined);
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
  }
}

/** A plan from its file. Faults: USER_FILE_READ, PLAN_FILE. */
export async function readPlanFile(file: string): Promise<Result<Plan>> {
  const bytes = await readUserFile(file);
  return bytes.ok ? readPlan(bytes.value, file) : bytes;
}
