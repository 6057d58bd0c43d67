import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { DOCUMENT_LIMIT } from "#verify/bundle-reader.ts";
import { appCodes } from "./codes.ts";
import { readBounded } from "./read-bounded.ts";

/** The bytes of a pinned trust root. Fault: TRUST_FILE. */
export async function readRootFile(file: string): Promise<Result<Uint8Array>> {
  try {
    return ok(await readBounded(file, DOCUMENT_LIMIT));
  } catch (error) {
    return fail(faultOf(appCodes, "TRUST_FILE", { file, problem: systemProblem(error) }));
  }
}
