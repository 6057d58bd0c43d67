/**
 * What one check found. `stale` is a pass that time has taken the force of; `skipped` was not checked, `why` says for
 * what reason. Every code is an entry of `schemas/codes.json`.
 */
export type Check =
  | { readonly name: string; readonly status: "pass" | "skipped"; readonly why: string }
  | { readonly name: string; readonly status: "fail" | "stale"; readonly code: string; readonly why: string };

export type VerdictWord = "verified" | "stale" | "failed";

/** What the verdict speaks of; members that could not be read are absent. */
export type VerdictSubject = {
  readonly type: "evidence";
  readonly runId?: string;
  readonly planHash?: string;
  readonly manifestDigest?: string;
};

/** The same of a pack bundle. */
export type PackSubject = {
  readonly type: "pack";
  readonly name?: string;
  readonly version?: string;
  readonly packDigest?: string;
  readonly manifestDigest?: string;
};

/** The answer of a verifier: every check in its fixed order, whatever came before it. */
type VerdictOn<Subject> = {
  readonly schemaVersion: 1;
  readonly verdict: VerdictWord;
  readonly subject: Subject;
  /** Of the trust root that was used; absent when there was none. */
  readonly trustDomain?: string;
  readonly checks: readonly Check[];
};
export type Verdict = VerdictOn<VerdictSubject>;
export type PackVerdict = VerdictOn<PackSubject>;

/** `failed` if any check failed, else `stale` if any is, else `verified`. */
export function wordOf(checks: readonly Check[]): VerdictWord {
  if (checks.some((check) => check.status === "fail")) {
    return "failed";
  }
  return checks.some((check) => check.status === "stale") ? "stale" : "verified";
}

/** The exit code of a verdict: 0 verified, 7 failed, 11 stale. */
export function exitCodeOf(verdict: Pick<Verdict, "verdict">): number {
  switch (verdict.verdict) {
    case "verified":
      return 0;
    case "failed":
      return 7;
    case "stale":
      return 11;
  }
}
