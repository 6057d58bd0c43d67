import type { Json, JsonObject } from "#canon/json.ts";
import type { PackSource } from "./pack-source.ts";

/**
 * A pack as the plan compiler reads it: valid, with defaults written out, durations as integer milliseconds and sizes
 * as integer bytes. Strings that may hold `${{ … }}` are kept exactly as written, `$${{` included; nothing here has
 * looked inside an expression.
 */
export type Pack = {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  readonly description?: string;
  readonly license?: string;
  readonly maintainers: readonly Maintainer[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: PackSpec;
  readonly source: PackSource;
};

type Maintainer = { readonly name: string; readonly email?: string; readonly url?: string };

export type PackSpec = {
  readonly inputs: Readonly<Record<string, InputRule>>;
  readonly secrets: Readonly<Record<string, { readonly description?: string }>>;
  readonly sandbox: SandboxRule;
  readonly security: { readonly secretsRedactionPolicy: "blank" | "hash" };
  readonly slo?: SloRule;
  readonly approvals: Readonly<Record<string, ApprovalRule>>;
  readonly policies: Readonly<Record<string, PolicyRule>>;
  readonly failurePolicy: { readonly onFailure: "skip-dependents" | "drain" | "cancel" };
  readonly steps: readonly PackStep[];
  readonly finally: readonly PackStep[];
  readonly outputs: Readonly<Record<string, { readonly from: string }>>;
};

/** Where a node stands: member names and list indices from the root of the document. */
export type PackPath = readonly (string | number)[];

type ValueType = "string" | "integer" | "number" | "boolean" | "object" | "array";
type InputType = ValueType | "file" | "directory";

export type InputRule = {
  readonly type: InputType;
  readonly required: boolean;
  readonly default?: Json;
  /** An inline JSON Schema, or the path of one in the pack (relative, without `./`; the file exists). */
  readonly schema?: JsonObject | string;
  readonly description?: string;
};

export type EgressRule = {
  /** Lower-case host name, `*.suffix`, IPv4, or IPv6 in its shortest form without brackets. */
  readonly host: string;
  readonly port: number;
  readonly protocol: "tls" | "http" | "tcp";
  readonly allowPrivate: boolean;
  readonly maxBytes?: number;
  readonly maxRequests?: number;
};

export type EnforcementLevel = "kernel-tree" | "kernel-process" | "watchdog";

export type LimitsRule = {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly pids: number;
  readonly logBytes: number;
  readonly artifactBytes: number;
  readonly minEnforcement?: EnforcementLevel;
};

export type SandboxRule = {
  readonly mode: "sealed" | "restricted";
  readonly egressAllowlist: readonly EgressRule[];
  /** Absent exactly when the list is empty. */
  readonly egressQuota?: { readonly requests: number; readonly bytes: number };
  readonly limits: LimitsRule;
  readonly wallClockMs?: number;
};

type SloRule = {
  readonly runP95Seconds?: number;
  readonly approvalP95Seconds?: number;
  readonly maxQueueDepth?: number;
};

type ApprovalRule = {
  readonly required: number;
  readonly from: readonly string[];
  readonly ttlMs: number;
  readonly separationOfDuties: boolean;
  readonly reasonRequired: boolean;
};

/** `module` is a path in the pack (relative, without `./`; the file exists). */
type PolicyRule =
  | { readonly engine: "cel"; readonly expression: string }
  | { readonly engine: "rego"; readonly module: string; readonly entrypoint: string };

export type PackStep = RunStep | ParallelStep | MapStep | ApprovalGateStep | PolicyGateStep;

type StepBase = {
  readonly id: string;
  readonly path: PackPath;
  readonly title?: string;
  readonly continueOnError: boolean;
  /** Ids of siblings, as written, without repeats; only children of `parallel` have any. */
  readonly needs: readonly string[];
};

export type RunStep = StepBase & {
  readonly kind: "run";
  /** One whole `${{ … }}`. */
  readonly when?: string;
  readonly action: RunAction;
  readonly env: Readonly<Record<string, EnvValue>>;
  /** Each value is one whole `${{ … }}` that gives a file or directory reference. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly outputs: Readonly<Record<string, OutputRule>>;
  readonly timeoutMs: number;
  readonly retry: RetryRule;
  readonly idempotent: boolean;
  /** The whole effective sandbox; absent where it is the pack's. */
  readonly sandbox?: SandboxRule;
};

export type RunAction =
  | { readonly type: "command"; readonly command: readonly string[] }
  | { readonly type: "script"; readonly script: string; readonly shell: "sh" | "bash" }
  | { readonly type: "uses"; readonly uses: string; readonly with: JsonObject };

export type EnvValue = string | { readonly secret: string; readonly as: "env" | "file" };

export type OutputRule =
  | { readonly file: string; readonly mediaType?: string; readonly mayContainSecrets?: boolean }
  | { readonly dir: string; readonly mayContainSecrets?: boolean }
  | { readonly type: ValueType; readonly schema?: JsonObject | string; readonly mayContainSecrets?: boolean };

export type RetryRule = {
  readonly maxAttempts: number;
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly onExitCodes?: readonly number[];
};

type ParallelStep = StepBase & {
  readonly kind: "parallel";
  readonly when?: string;
  readonly maxParallel?: number;
  readonly steps: readonly PackStep[];
};

export type MapStep = StepBase & {
  readonly kind: "map";
  readonly when?: string;
  /** A list (its items may hold expressions) or one whole `${{ … }}`. */
  readonly items: readonly Json[] | string;
  readonly as: string;
  readonly maxItems?: number;
  readonly maxParallel?: number;
  readonly steps: readonly PackStep[];
};

export type ApprovalGateStep = StepBase & {
  readonly kind: "gate.approval";
  readonly approval: string;
  readonly message?: string;
};

export type PolicyGateStep = StepBase & {
  readonly kind: "gate.policy";
  readonly when?: string;
  readonly policy: string;
  readonly with?: JsonObject;
  readonly failAction: "halt" | "continue";
};
