import { narrowSandbox } from "./narrow-sandbox.ts";
import type {
  EnvValue,
  OutputRule,
  Pack,
  PackPath,
  PackSpec,
  PackStep,
  RetryRule,
  RunAction,
  RunStep,
  SandboxRule,
} from "./pack.ts";
import type { PackText } from "./pack-shape.ts";
import type { PackSource } from "./pack-source.ts";
import { millisecondsOf, sandboxRuleOf } from "./sandbox-rule.ts";
import { packPath } from "./scalar-shapes.ts";
import type { EnvText, OutputText, RetryText, StepText } from "./step-shape.ts";

const DEFAULT_TIMEOUT_MS = 600_000;
const DEFAULT_RETRY: RetryRule = { maxAttempts: 1, initialMs: 1000, factor: 2, maxMs: 60_000 };

/** What every step of one pack falls back on. */
type Base = { readonly sandbox: SandboxRule; readonly timeoutMs: number; readonly retry: RetryRule };

/** The pack that a text describes which fits its shape and passed every check. */
export function buildPack({ metadata, spec }: PackText, source: PackSource): Pack {
  const { maintainers = [], labels = {}, annotations = {}, ...rest } = metadata;
  return {
    ...rest,
    maintainers: maintainers.map((who) => (typeof who === "string" ? { name: who } : who)),
    labels,
    annotations,
    spec: specOf(spec),
    source,
  };
}

function specOf(spec: PackText["spec"]): PackSpec {
  const sandbox = sandboxRuleOf(spec.sandbox);
  const { timeout, retry } = spec.defaults ?? {};
  const base: Base = {
    sandbox,
    timeoutMs: timeout === undefined ? DEFAULT_TIMEOUT_MS : millisecondsOf(timeout),
    retry: retryOf(retry, DEFAULT_RETRY),
  };
  return {
    inputs: mapMembers(spec.inputs ?? {}, ({ required = false, schema, ...input }) => ({
      ...input,
      required,
      ...schemaOf(schema),
    })),
    secrets: spec.secrets ?? {},
    sandbox,
    security: { secretsRedactionPolicy: spec.security?.secretsRedactionPolicy ?? "blank" },
    ...(spec.slo === undefined ? {} : { slo: spec.slo }),
    approvals: mapMembers(spec.approvals ?? {}, ({ required, from, ttl, separationOfDuties, reasonRequired }) => ({
      required,
      from,
      ttlMs: millisecondsOf(ttl),
      separationOfDuties: separationOfDuties ?? true,
      reasonRequired: reasonRequired ?? false,
    })),
    policies: mapMembers(spec.policies ?? {}, (policy) =>
      policy.engine === "cel" ? policy : { ...policy, module: packPath(policy.module) ?? policy.module },
    ),
    failurePolicy: { onFailure: spec.failurePolicy?.onFailure ?? "skip-dependents" },
    steps: stepsOf(spec.steps, ["spec", "steps"], base),
    finally: stepsOf(spec.finally ?? [], ["spec", "finally"], base),
    outputs: spec.outputs ?? {},
  };
}

function stepsOf(steps: readonly StepText[], path: PackPath, base: Base): readonly PackStep[] {
  return steps.map((step, at) => stepOf(step, [...path, at], base));
}

function stepOf(step: StepText, path: PackPath, base: Base): PackStep {
  const { id, title, continueOnError = false, needs = [], gate, map, parallel } = step;
  const common = {
    id,
    path,
    ...(title === undefined ? {} : { title }),
    continueOnError,
    needs: [...new Set(needs)],
  };
  const when = step.when === undefined ? {} : { when: step.when };
  if (gate !== undefined) {
    return "approval" in gate
      ? { ...common, kind: "gate.approval", ...gate }
      : { ...common, ...when, kind: "gate.policy", ...gate, failAction: gate.failAction ?? "halt" };
  }
  if (map !== undefined) {
    const { as = "item", steps } = map;
    return { ...common, ...when, kind: "map", ...map, as, steps: stepsOf(steps, [...path, "map", "steps"], base) };
  }
  if (parallel !== undefined) {
    const steps = stepsOf(parallel.steps, [...path, "parallel", "steps"], base);
    return { ...common, ...when, kind: "parallel", ...parallel, steps };
  }
  return { ...common, ...when, ...runOf(step, base) };
}

type RunPart = Omit<RunStep, "id" | "path" | "title" | "continueOnError" | "needs" | "when">;

function runOf(step: StepText, base: Base): RunPart {
  const { env = {}, inputs = {}, stdin, outputs = {}, timeout, retry, idempotent = false } = step;
  const sandbox = step.sandbox === undefined ? undefined : narrowSandbox(base.sandbox, step.sandbox).sandbox;
  const isNarrower = sandbox !== undefined && JSON.stringify(sandbox) !== JSON.stringify(base.sandbox);
  return {
    kind: "run",
    action: actionOf(step.run ?? {}),
    env: mapMembers(env, envOf),
    inputs,
    ...(stdin === undefined ? {} : { stdin }),
    outputs: mapMembers(outputs, outputOf),
    timeoutMs: timeout === undefined ? base.timeoutMs : millisecondsOf(timeout),
    retry: retry === undefined ? base.retry : retryOf(retry, base.retry),
    idempotent,
    ...(isNarrower ? { sandbox } : {}),
  };
}

function actionOf({
  command,
  script,
  shell = "sh",
  uses = "",
  with: given = {},
}: NonNullable<StepText["run"]>): RunAction {
  if (command !== undefined) {
    return { type: "command", command };
  }
  return script === undefined ? { type: "uses", uses, with: given } : { type: "script", script, shell };
}

function envOf(value: EnvText): EnvValue {
  return typeof value === "string" ? value : { secret: value.secret, as: value.as ?? "env" };
}

function outputOf(output: OutputText): OutputRule {
  if ("file" in output) {
    return { ...output, file: packPath(output.file) ?? output.file };
  }
  if ("dir" in output) {
    return { ...output, dir: packPath(output.dir) ?? output.dir };
  }
  const { schema, ...rest } = output;
  return { ...rest, ...schemaOf(schema) };
}

function schemaOf<S>(schema: S | string | undefined): { readonly schema?: S | string } {
  if (schema === undefined) {
    return {};
  }
  return { schema: typeof schema === "string" ? (packPath(schema) ?? schema) : schema };
}

/** Each field of its own: a step that says only `maxAttempts` keeps the pack's backoff. */
function retryOf(retry: RetryText | undefined, base: RetryRule): RetryRule {
  const { maxAttempts = base.maxAttempts, backoff = {}, onExitCodes = base.onExitCodes } = retry ?? {};
  const { initial, factor = base.factor, max } = backoff;
  return {
    maxAttempts,
    initialMs: initial === undefined ? base.initialMs : millisecondsOf(initial),
    factor,
    maxMs: max === undefined ? base.maxMs : millisecondsOf(max),
    ...(onExitCodes === undefined ? {} : { onExitCodes }),
  };
}

/** The same names with other values; every name stays an own member, whatever it is. */
function mapMembers<T, U>(members: Readonly<Record<string, T>>, change: (value: T) => U): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [name, change(value)]));
}
