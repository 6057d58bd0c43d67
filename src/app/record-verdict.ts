import { randomBytes } from "node:crypto";
import { rename, rm, writeFile } from "node:fs/promises";
import { canonicalBytes } from "#canon/canonical-json.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import type { PackVerdict, Verdict } from "#verify/verdict.ts";
import { shippedVerifier } from "./shipped-verifier.ts";
import { userFileCodes } from "./user-file-codes.ts";

export type Recording = {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of packrun. */
  readonly version: string;
};

/** `{verifier, verdict, at}`: which single-file verifier came with who gave the verdict, and when it was kept. */
export async function verdictRecord(verdict: Verdict | PackVerdict, { now, version }: Recording): Promise<Uint8Array> {
  return canonicalBytes({ verifier: await shippedVerifier(version), verdict, at: timestampOf(now()) });
}

/**
 * `--record`: keeps the verdict beside the bundle, in place of an earlier one. It is moved into its place: a link that lies
 * there on a medium of others is replaced and never followed. Fault: USER_FILE_WRITE.
 */
export async function recordVerdict(
  path: string,
  verdict: Verdict | PackVerdict,
  recording: Recording,
): Promise<Result<string>> {
  const file = `${path.replace(/\/+$/, "")}.verdict.json`;
  const draft = `${file}.${randomBytes(8).toString("hex")}.tmp`;
  try {
    await writeFile(draft, await verdictRecord(verdict, recording), { flag: "wx" });
    await rename(draft, file);
    return ok(file);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    return fail(faultOf(userFileCodes, "USER_FILE_WRITE", { file, problem: systemProblem(error) }));
  }
}
