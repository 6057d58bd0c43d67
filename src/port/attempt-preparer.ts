import type { RunIdentity } from "./run-store.ts";
import type { PreparedAttempt } from "./step-runner.ts";
import type { Result } from "#fault/result.ts";
import type { ResolvedAttempt } from "#run/resolve.ts";

export type AttemptContext = {
  readonly identity: RunIdentity;
  readonly attempt: number;
  /** Milliseconds since 1970 of `run.started`. */
  readonly startedAt: number;
};

/** A prepared attempt, and the secrets that it was given. */
export type ReadyAttempt = PreparedAttempt & {
  readonly secrets: readonly { readonly name: string; readonly provider: string }[];
};

/**
 * Makes attempts of run nodes ready, whatever carries them out: a command in the sandbox, or a built-in.
 * 1. The files that the attempt uses are held against the digests that the plan pins; a difference is PLAN_DRIFT.
 * 2. Secrets are resolved here, right before the attempt that declares them.
 */
export type AttemptPreparer = {
  readonly prepare: (attempt: ResolvedAttempt, context: AttemptContext) => Promise<Result<ReadyAttempt>>;
};
