import { parseDigest, type Digest } from "#canon/digest.ts";
import { spokenTimestamp } from "#canon/spoken-timestamp.ts";
import { timestampOf, type Timestamp } from "#canon/timestamp.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { verifyCodes } from "#verify/codes.ts";

/** What a person may say about any verification. */
export type VerifyWords = {
  /** As the user gave it: `sha256:` and hex. */
  readonly planHash?: string;
  /** Time of verification, RFC 3339 in UTC; `now` without it. */
  readonly at?: string;
};

export type ReadVerifyWords = { readonly planHash?: Digest; readonly at: Timestamp };

/** `now` gives milliseconds since 1970. Fault: VERIFY_OPTION. */
export function readVerifyWords({ planHash, at }: VerifyWords, now: () => number): Result<ReadVerifyWords> {
  const digest = planHash === undefined ? undefined : parseDigest(planHash);
  if (planHash !== undefined && digest === undefined) {
    const data = { option: "--plan-hash", expected: "sha256: and 64 lower-case hex digits" };
    return fail(faultOf(verifyCodes, "VERIFY_OPTION", data));
  }
  const time = at === undefined ? timestampOf(now()) : spokenTimestamp(at);
  if (time === undefined) {
    const data = { option: "--at", expected: "a UTC time, as 2026-01-05T08:00:00Z" };
    return fail(faultOf(verifyCodes, "VERIFY_OPTION", data));
  }
  return ok({ at: time, ...(digest === undefined ? {} : { planHash: digest }) });
}
