import type { Sha256 } from "#canon/digest.ts";
import type { Json, JsonObject } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { printInText } from "#plan/evaluate-template.ts";
import { expressionCodes } from "#plan/expression-codes.ts";
import type { OutputRule, Policy, RunNode, Sandbox, Template } from "#plan/plan.ts";
import { expressionsIn, valueOf, wholeRunContext } from "./expressions.ts";
import type { GraphNode } from "./graph.ts";
import type { Instance } from "./instance.ts";
import { seedOf } from "./retry-wait.ts";
import { entryOf } from "./run-record.ts";
import type { RunState } from "./state.ts";
import { viewOfStep } from "./step-view.ts";

/** Everything about one attempt that the state can say: all expressions are evaluated, secrets are only named. */
export type ResolvedAttempt = {
  readonly stepId: string;
  /** The node as it is about to run; its digest is held against the pinned plan's. */
  readonly node: RunNode;
  readonly program:
    | { readonly kind: "command"; readonly argv: readonly string[] }
    | { readonly kind: "script"; readonly text: string; readonly shell: "sh" | "bash" }
    | { readonly kind: "uses"; readonly uses: string; readonly with: Json };
  readonly env: Readonly<Record<string, string>>;
  /** Variable to secret name. */
  readonly secretEnv: Readonly<Record<string, string>>;
  /** Variable to secret name; the variable will hold a path. */
  readonly secretFiles: Readonly<Record<string, string>>;
  /** References to files and directories: `{type, digest, …}`. */
  readonly inputs: Readonly<Record<string, Json>>;
  /** File and directory inputs of the run whose path the step's text refers to. */
  readonly inputsUsed: readonly string[];
  readonly stdin?: string;
  /** Lower-case hex. */
  readonly seed: string;
  readonly sandbox: Sandbox;
  readonly timeoutMs: number;
  readonly outputs: Readonly<Record<string, OutputRule>>;
};

/** What an attempt of this step needs. The faults of its expressions can never be helped by another attempt. */
export function resolveAttempt(state: RunState, stepId: string, sha256: Sha256): Result<ResolvedAttempt> {
  const instance = state.live.byId.get(stepId);
  if (instance?.at.node.kind !== "run") {
    throw new Error(`no run node: ${stepId}`);
  }
  const { node } = instance.at;
  const program = resolveProgram(state, instance, node);
  const env = resolveEnv(state, instance, node);
  const inputs = resolveMembers(node.inputs, (template) => valueOf(state, instance, template));
  const stdin = node.stdin === undefined ? ok(undefined) : textOf(state, instance, node.stdin);
  if (!program.ok) {
    return program;
  }
  if (!env.ok) {
    return env;
  }
  if (!inputs.ok) {
    return inputs;
  }
  if (!stdin.ok) {
    return stdin;
  }
  const given = program.value.kind === "uses" ? program.value.with : {};
  const foreign = state.live.references.foreignIn([inputs.value, given]);
  if (foreign !== undefined) {
    return fail(faultOf(expressionCodes, "EXPR_REFERENCE", foreign));
  }
  return ok({
    stepId,
    node,
    program: program.value,
    env: env.value,
    ...secretsOf(node),
    inputs: inputs.value,
    inputsUsed: inputsUsed(state, node),
    ...(stdin.value === undefined ? {} : { stdin: stdin.value }),
    seed: seedOf(stepId, state.identity.planHash, sha256),
    sandbox: node.sandbox ?? state.plan.sandbox,
    timeoutMs: node.timeoutMs,
    outputs: node.outputs,
  });
}

function resolveProgram(state: RunState, instance: Instance, node: RunNode): Result<ResolvedAttempt["program"]> {
  if (node.uses !== undefined) {
    const given = valueOf(state, instance, node.with ?? {});
    return given.ok ? ok({ kind: "uses", uses: node.uses, with: given.value }) : given;
  }
  if (node.script !== undefined) {
    return ok({ kind: "script", text: node.script, shell: node.shell ?? "sh" });
  }
  const argv: string[] = [];
  for (const part of node.command ?? []) {
    const text = textOf(state, instance, part);
    if (!text.ok) {
      return text;
    }
    argv.push(text.value);
  }
  return ok({ kind: "command", argv });
}

function resolveEnv(state: RunState, instance: Instance, node: RunNode): Result<Readonly<Record<string, string>>> {
  const plain = Object.entries(node.env).filter(([, value]) => !isSecret(value));
  return resolveMembers(Object.fromEntries(plain), (template) => textOf(state, instance, template));
}

/** Whether a variable is given a secret, which the node only names. */
export function isSecret(
  value: RunNode["env"][string],
): value is { readonly secret: string; readonly as: "env" | "file" } {
  return typeof value === "object" && "secret" in value;
}

function secretsOf(node: RunNode): Pick<ResolvedAttempt, "secretEnv" | "secretFiles"> {
  const named = (as: "env" | "file"): Readonly<Record<string, string>> =>
    Object.fromEntries(
      Object.entries(node.env).flatMap(([variable, value]) =>
        isSecret(value) && value.as === as ? [[variable, value.secret]] : [],
      ),
    );
  return { secretEnv: named("env"), secretFiles: named("file") };
}

function resolveMembers<T>(
  members: Readonly<Record<string, Template>>,
  resolve: (template: Template) => Result<T>,
): Result<Readonly<Record<string, T>>> {
  const found: [string, T][] = [];
  for (const [name, template] of Object.entries(members)) {
    const value = resolve(template);
    if (!value.ok) {
      return value;
    }
    found.push([name, value.value]);
  }
  return ok(Object.fromEntries(found));
}

function textOf(state: RunState, instance: Instance, template: Template): Result<string> {
  const value = valueOf(state, instance, template);
  return value.ok ? printInText(value.value) : value;
}

/** A node refers to an input's path where the path itself was folded into it, or where an expression names the input. */
function inputsUsed(state: RunState, { inputs: _mounted, ...rest }: RunNode): readonly string[] {
  const mounted = Object.entries(state.plan.inputs).flatMap(([name, { type }]) =>
    type === "file" || type === "directory" ? [name] : [],
  );
  if (mounted.length === 0) {
    return [];
  }
  const text = JSON.stringify(rest);
  const expressions = expressionsIn(rest).join("\n");
  return mounted.filter((name) => text.includes(`/run/packrun/inputs/${name}/`) || namesInput(expressions, name));
}

function namesInput(expressions: string, name: string): boolean {
  return new RegExp(`\\binputs\\s*(?:\\.\\s*${name}\\b|\\[\\s*["']${name}["']\\s*\\])`).test(expressions);
}

/** What an approval gate asks. */
export function resolveGate(
  state: RunState,
  stepId: string,
): Result<{ readonly approval: string; readonly message?: string }> {
  const instance = state.live.byId.get(stepId);
  if (instance?.at.node.kind !== "gate.approval") {
    throw new Error(`no approval gate: ${stepId}`);
  }
  const { approval, message } = instance.at.node;
  if (message === undefined) {
    return ok({ approval });
  }
  const text = textOf(state, instance, message);
  return text.ok ? ok({ approval, message: text.value }) : text;
}

/** What a policy gate evaluates, and over what: only steps that have surely ended before it. */
export function resolvePolicy(
  state: RunState,
  stepId: string,
): Result<{ readonly name: string; readonly policy: Policy; readonly context: JsonObject }> {
  const instance = state.live.byId.get(stepId);
  const node = instance?.at.node;
  const policy = node?.kind === "gate.policy" ? entryOf(state.plan.policies, node.policy) : undefined;
  if (instance === undefined || node?.kind !== "gate.policy" || policy === undefined) {
    throw new Error(`no policy gate: ${stepId}`);
  }
  const given = valueOf(state, instance, node.with ?? {});
  if (!given.ok) {
    return given;
  }
  const steps = Object.fromEntries(endedBefore(instance.at).map((at) => [at.name, viewOfStep(state, at, instance)]));
  return ok({ name: node.policy, policy, context: { ...wholeRunContext(state), steps, with: given.value } });
}

/** What this node and the containers around it need, what that needs in turn, and all that is inside any of it. */
function endedBefore(node: GraphNode): readonly GraphNode[] {
  const found = new Set<GraphNode>();
  const open: (readonly GraphNode[])[] = [];
  for (let at: GraphNode | undefined = node; at !== undefined; at = at.parent) {
    open.push(at.needs);
  }
  for (let nodes = open.pop(); nodes !== undefined; nodes = open.pop()) {
    for (const at of nodes) {
      if (!found.has(at)) {
        found.add(at);
        open.push(at.needs, at.children);
      }
    }
  }
  return [...found].sort((a, b) => a.place - b.place);
}
