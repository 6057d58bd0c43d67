import {
  array,
  boolean,
  digest,
  either,
  integer,
  literal,
  nullable,
  number,
  object,
  record,
  string,
  tagged,
} from "#canon/shape.ts";
import { anything, type Infer, type Shape } from "#canon/shape.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { MAX_OUTPUTS } from "#pack/names.ts";

/**
 * The canonical graph: what `plan.canonical.json` holds, as its RFC 8785 bytes. Members that were not given are absent;
 * durations are integer milliseconds, sizes integer bytes.
 */
export const NAME: RegExp = /^[a-z][A-Za-z0-9_]{0,62}$/;
export const STEP_ID: RegExp = /^[a-z][A-Za-z0-9_-]{0,62}$/;
/** A node id: step ids, each but the last one of a map (`[*]`), joined by `::`. */
const NODE_ID: RegExp = /^[a-z][A-Za-z0-9_-]{0,62}(?:\[\*\]::[a-z][A-Za-z0-9_-]{0,62})*$/;
const PACK_NAME: RegExp = /^[a-z0-9-]{1,63}(?:\/[a-z0-9-]{1,63}){0,3}$/;
const SEM_VER: RegExp =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*))*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?$/;

const name = string({ pattern: NAME, expected: "a name such as channel or dryRun2" });
const nodeId = string({ pattern: NODE_ID, expected: "a node id such as build or rollout[*]::push" });
const count = integer({ min: 0 });
const positive = integer({ min: 1 });

/** `{"$cel": [text or {"expr": source}, …]}`: a value that stays an expression until its step starts. */
const celShape = object({
  $cel: array(
    either([string(), object({ expr: string({ min: 1 }) })], (part) =>
      typeof part === "string" ? string() : object({ expr: string({ min: 1 }) }),
    ),
    { min: 1 },
  ),
});
export type Cel = Infer<typeof celShape>;
/** Any JSON in which a `{"$cel": …}` object stands for a value that is not known yet. */
export type Template = Json;
/** A string, or an expression that gives one. */
export type TextTemplate = string | Cel;

export function isCel(value: unknown): value is Cel {
  return isJsonObject(value) && Array.isArray(value["$cel"]);
}

const text: Shape<TextTemplate> = either([string(), celShape], (value) =>
  typeof value === "string" ? string() : celShape,
);

export const VALUE_TYPES = ["string", "integer", "number", "boolean", "object", "array"] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

const inputShape = tagged("type", {
  ...(Object.fromEntries(
    VALUE_TYPES.map((type) => [type, object({ type: literal(type), value: anything() })]),
  ) as Record<ValueType, Shape<{ readonly type: ValueType; readonly value: Json }>>),
  file: object({ type: literal("file"), name: string(), size: count, digest: digest() }),
  directory: object({ type: literal("directory"), name: string(), digest: digest() }),
});
export type PlanInput = Infer<typeof inputShape>;

const egressRuleShape = object(
  {
    host: string(),
    port: integer({ min: 1, max: 65_535 }),
    protocol: literal("tls", "http", "tcp"),
    allowPrivate: boolean(),
  },
  { maxBytes: positive, maxRequests: positive },
);
export type EgressRule = Infer<typeof egressRuleShape>;

const limitsShape = object(
  { cpus: number({ above: 0 }), memoryBytes: positive, pids: positive, logBytes: positive, artifactBytes: positive },
  { minEnforcement: literal("kernel-tree", "kernel-process", "watchdog") },
);
export type Limits = Infer<typeof limitsShape>;
export type EnforcementLevel = NonNullable<Limits["minEnforcement"]>;

const sandboxShape = object(
  { mode: literal("sealed", "restricted"), egressAllowlist: array(egressRuleShape), limits: limitsShape },
  { egressQuota: object({ requests: count, bytes: count }), wallClockMs: positive },
);
export type Sandbox = Infer<typeof sandboxShape>;

const approvalRuleShape = object({
  required: positive,
  from: array(string(), { min: 1 }),
  ttlMs: positive,
  separationOfDuties: boolean(),
  reasonRequired: boolean(),
});
export type ApprovalRule = Infer<typeof approvalRuleShape>;

const policyShape = tagged("engine", {
  cel: object({ engine: literal("cel"), expression: string({ min: 1 }), digest: digest() }),
  rego: object({ engine: literal("rego"), module: string(), digest: digest(), entrypoint: string() }),
});
export type Policy = Infer<typeof policyShape>;

const retryShape = object(
  { maxAttempts: integer({ min: 1, max: 20 }), initialMs: count, factor: number({ above: 0 }), maxMs: count },
  { onExitCodes: array(integer({ min: 0, max: 255 })) },
);
export type Retry = Infer<typeof retryShape>;

const envValueShape = either([string(), celShape, object({ secret: name, as: literal("env", "file") })], (value) =>
  typeof value === "string" ? string() : isCel(value) ? celShape : object({ secret: name, as: literal("env", "file") }),
);

const fileOutput = object({ file: string() }, { mediaType: string(), mayContainSecrets: boolean() });
const dirOutput = object({ dir: string() }, { mayContainSecrets: boolean() });
const typedOutput = object({ type: literal(...VALUE_TYPES) }, { schema: anything(), mayContainSecrets: boolean() });
const outputShape = either([fileOutput, dirOutput, typedOutput], (value) =>
  isJsonObject(value) && "file" in value ? fileOutput : isJsonObject(value) && "dir" in value ? dirOutput : typedOutput,
);
export type OutputRule = Infer<typeof outputShape>;
export type FileOutput = Infer<typeof fileOutput>;
export type DirOutput = Infer<typeof dirOutput>;
export type TypedOutput = Infer<typeof typedOutput>;

const common = {
  id: nodeId,
  parent: nullable(nodeId),
  needs: array(nodeId),
  continueOnError: boolean(),
};
const whenShape = either([boolean(), celShape], (value) => (typeof value === "boolean" ? boolean() : celShape));
const maybeWhen = { when: whenShape };

const runShape = object(
  {
    ...common,
    kind: literal("run"),
    env: record(/^[A-Za-z_][A-Za-z0-9_]*$/, envValueShape, "a name of an environment variable"),
    inputs: record(NAME, anything(), "a name"),
    outputs: record(NAME, outputShape, "a name"),
    timeoutMs: positive,
    retry: retryShape,
    idempotent: boolean(),
  },
  {
    ...maybeWhen,
    command: array(text, { min: 1 }),
    script: string(),
    shell: literal("sh", "bash"),
    uses: string(),
    with: anything(),
    stdin: text,
    sandbox: sandboxShape,
    files: array(object({ path: string(), digest: digest() })),
  },
);
export type RunNode = Infer<typeof runShape>;

const parallelShape = object({ ...common, kind: literal("parallel") }, { ...maybeWhen, maxParallel: positive });

const mapShape = object(
  { ...common, kind: literal("map"), items: anything(), as: name, maxItems: count },
  { ...maybeWhen, maxParallel: positive },
);
export type MapNode = Infer<typeof mapShape>;

const approvalGateShape = object({ ...common, kind: literal("gate.approval"), approval: nodeId }, { message: text });
export type ApprovalGateNode = Infer<typeof approvalGateShape>;

const policyGateShape = object(
  { ...common, kind: literal("gate.policy"), policy: nodeId, failAction: literal("halt", "continue") },
  { ...maybeWhen, with: anything() },
);
export type PolicyGateNode = Infer<typeof policyGateShape>;

const nodeShape = tagged("kind", {
  run: runShape,
  parallel: parallelShape,
  map: mapShape,
  "gate.approval": approvalGateShape,
  "gate.policy": policyGateShape,
});
export type PlanNode = Infer<typeof nodeShape>;
export type NodeKind = PlanNode["kind"];

export const planShape = object(
  {
    apiVersion: literal("packrun.dev/v1"),
    kind: literal("Plan"),
    planVersion: literal(1),
    pack: object({
      name: string({ pattern: PACK_NAME, expected: "a pack name" }),
      version: string({ pattern: SEM_VER, expected: "a SemVer version" }),
      digest: digest(),
    }),
    inputs: record(NAME, inputShape, "a name"),
    secrets: record(NAME, object({ steps: array(nodeId) }), "a name"),
    sandbox: sandboxShape,
    security: object({ secretsRedactionPolicy: literal("blank", "hash") }),
    approvals: record(STEP_ID, approvalRuleShape, "an id"),
    policies: record(STEP_ID, policyShape, "an id"),
    failurePolicy: object({ onFailure: literal("skip-dependents", "drain", "cancel") }),
    steps: array(nodeShape),
    finally: array(nodeShape),
    outputs: record(NAME, object({ from: anything() }), "a name", { max: MAX_OUTPUTS }),
  },
  { slo: object({}, { runP95Seconds: positive, approvalP95Seconds: positive, maxQueueDepth: count }) },
);
export type Plan = Infer<typeof planShape>;
