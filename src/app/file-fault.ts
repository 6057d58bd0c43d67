import { faultOf } from "#fault/code-table.ts";
import { fail, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { trustUseCodes } from "./trust-use-codes.ts";

/** The fault of a file of trust (a key, a root, a sidecar) that could not be read or written. */
export function fileFault(path: string, error: unknown): Result<never> {
  return fail(faultOf(trustUseCodes, "TRUST_FILE_ACCESS", { file: path, problem: systemProblem(error) }));
}

/** The same of a key that was named. */
export function keyFileFault(path: string, error: unknown): Result<never> {
  const data = { file: path, problem: systemProblem(error) };
  const hint =
    "check the path of the key, its owner and its rights; `packrun keys generate NAME` makes NAME.key and NAME.pub";
  return fail(faultOf(trustUseCodes, "TRUST_FILE_ACCESS", data, { hint }));
}

/** `ENOENT` and the like; `unknown error` for what did not come from the system. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}
