import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { anchorPath } from "./anchor-path.ts";
import { readAnchorOf } from "./anchor-evidence.ts";
import { writeAtomically } from "./trust-file.ts";
import { userFileCodes } from "./user-file-codes.ts";

/** Takes the anchor of a bundle along to a copy of it; the path of the new one, undefined where there is none. */
export async function copyAnchor(bundle: string, copy: string): Promise<Result<string | undefined>> {
  const bytes = await readAnchorOf(anchorPath(bundle));
  if (!bytes.ok || bytes.value === undefined) {
    return bytes.ok ? ok(undefined) : bytes;
  }
  const written = await writeAnchor(copy, bytes.value);
  return written.ok ? ok(anchorPath(copy)) : written;
}

/** Puts an anchor beside a bundle. Fault: USER_FILE_WRITE. */
export async function writeAnchor(bundle: string, anchor: Uint8Array): Promise<Result<void>> {
  const file = anchorPath(bundle);
  try {
    await writeAtomically(file, anchor);
    return ok(undefined);
  } catch (error) {
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
  }
}
