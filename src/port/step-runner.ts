import type { Digest } from "#canon/digest.ts";
import type { RunId, TenantId } from "#canon/ids.ts";
import type { Result } from "#fault/result.ts";
import type { OutputRule, Sandbox } from "#plan/plan.ts";
import type { Metadata } from "#run/event.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import type { HostFinding } from "./host-finding.ts";
import type { Redactor } from "./secrets.ts";

/** Everything that one attempt of a command needs; all expressions are resolved, all files are in place. */
export type AttemptRequest = {
  readonly runId: RunId;
  readonly tenantId: TenantId;
  readonly planHash: Digest;
  readonly stepId: string;
  readonly attempt: number;
  /** Lower-case hex; becomes PACKRUN_SEED. */
  readonly seed: string;
  /** Seconds since 1970; becomes SOURCE_DATE_EPOCH. */
  readonly sourceDateEpoch: number;
  readonly program:
    | { readonly kind: "command"; readonly argv: readonly string[] }
    | { readonly kind: "script"; readonly text: string; readonly shell: "sh" | "bash" };
  readonly env: Readonly<Record<string, string>>;
  /** Secrets given as environment variables: variable name to value. Never in argv, never on disk. */
  readonly secretEnv: Readonly<Record<string, string>>;
  /** Secrets given as files on a private tmpfs: variable name to value; the variable holds the path. */
  readonly secretFiles: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Host folder of the pack's materialised copy: mounted read-only at /run/packrun/pack. */
  readonly packFolder: string;
  /** Host files and folders mounted read-only: `at` is a path under /run/packrun/in or /run/packrun/inputs. */
  readonly mounts: readonly { readonly hostPath: string; readonly at: string }[];
  readonly sandbox: Sandbox;
  /** The whole run's, while that in `sandbox` may be a narrower one of the step's own. */
  readonly egressQuota?: NonNullable<Sandbox["egressQuota"]>;
  /** The whole run's rules, whose quotas all steps share. */
  readonly egressAllowlist?: Sandbox["egressAllowlist"];
  readonly timeoutMs: number;
  readonly outputs: Readonly<Record<string, OutputRule>>;
  readonly redactor: Redactor;
};

/** Redacted lines without their newline, at most 64 KiB or 100 ms apart. */
export type OutputBatch = {
  readonly stream: "stdout" | "stderr";
  readonly lines: readonly string[];
  /** The last line has no newline yet. */
  readonly partial?: boolean;
  readonly invalidBytes?: number;
};

/** Resolves when the batch was taken: the step is slowed down rather than memory filled. */
export type OutputSink = (batch: OutputBatch) => Promise<void>;

/** What holds an attempt; `proc` when it saw the processes of the host. */
type Enforced = Metadata<"sandbox.enforced">;

export type PreparedAttempt = {
  /** The program file, when it could be named: its path inside the sandbox and its digest. */
  readonly exe?: { readonly path: string; readonly digest: Digest };
  readonly enforced: Enforced;
  /** Gives the start token. Resolves when nothing of the step runs any more and its outputs are stored. */
  readonly start: (sink: OutputSink) => Promise<AttemptOutcome>;
  /** Ends the whole process tree: SIGTERM, five seconds, SIGKILL. `now` skips the wait. */
  readonly stop: (how?: { readonly now: boolean }) => void;
  /** Takes back an attempt that was never started. */
  readonly discard: () => Promise<void>;
};

/**
 * Runs commands in a sandbox.
 * 1. Nothing of a step runs before `start`; a runner that dies before it leaves nothing running.
 * 2. `start` resolves only when the step's process tree is gone; outputs are collected after that.
 * 3. Every byte of output passes the request's redactor before it reaches the sink or the outcome.
 * 4. What cannot be enforced as the plan asks is refused by `admit`, before anything runs.
 */
export type StepRunner = {
  /** Really tries every kind of sandbox, and tells what holds here and what to do about the rest. Never fails itself. */
  readonly examine: () => Promise<readonly HostFinding[]>;
  /** Whether this host enforces what a plan's sandbox asks; the fault names limit, have, need and remedy. */
  readonly admit: (sandbox: Sandbox) => Promise<Result<void>>;
  readonly prepare: (request: AttemptRequest) => Promise<Result<PreparedAttempt>>;
  readonly close: () => Promise<void>;
};
