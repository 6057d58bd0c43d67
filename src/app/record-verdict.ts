import { canonicalBytes } from "#canon/canonical-json.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { ok, type Result } from "#fault/result.ts";
import type { PackVerdict, Verdict } from "#verify/verdict.ts";
import { shippedVerifier } from "./shipped-verifier.ts";
import { writeUserFile } from "./user-file.ts";

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

/** `--record`: keeps the verdict beside the bundle, in place of an earlier one. Fault: USER_FILE_WRITE. */
export async function recordVerdict(
  path: string,
  verdict: Verdict | PackVerdict,
  recording: Recording,
): Promise<Result<string>> {
  const file = `${path.replace(/\/+$/, "")}.verdict.json`;
  const written = await writeUserFile(file, await verdictRecord(verdict, recording));
  return written.ok ? ok(file) : written;
}
