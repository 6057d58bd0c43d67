import type { ApprovalRule, EgressRule, Plan, PlanNode, Policy, RunNode, Sandbox } from "#plan/plan.ts";
import type { Graph, GraphNode } from "#run/graph.ts";
import { entryOf } from "#run/run-record.ts";
import { longestMs, retryWaits } from "./ceiling.ts";
import { whenOf, type Basis, type Foreknowledge } from "./foreknowledge.ts";
import { argvText, templateText } from "./template-text.ts";

/** A step of the plan as people judge it before it runs: what it does, with what it may. One entry for all iterations. */
export type StepPreview = {
  readonly id: string;
  readonly section: "steps" | "finally";
  readonly parent: string | null;
  readonly needs: readonly string[];
  readonly continueOnError: boolean;
  /** `decided` says what the condition waits for; `run`: taken as true here. */
  readonly when?: { readonly text: string; readonly decided: Basis };
} & (RunPreview | ParallelPreview | MapPreview | ApprovalPreview | PolicyPreview);

export type RunPreview = {
  readonly kind: "run";
  readonly program: ProgramPreview;
  readonly sandbox: {
    readonly mode: Sandbox["mode"];
    readonly egress: readonly string[];
    readonly limits: Sandbox["limits"];
  };
  readonly secrets: readonly { readonly name: string; readonly variable: string; readonly as: "env" | "file" }[];
  readonly timeoutMs: number;
  readonly attempts: number;
  /** The longest wait before each further attempt. */
  readonly waitsMs: readonly number[];
  readonly longestMs: number;
};
type ProgramPreview =
  | { readonly kind: "command"; readonly text: string }
  | { readonly kind: "script"; readonly shell: "sh" | "bash"; readonly text: string }
  | { readonly kind: "uses"; readonly uses: string; readonly with: string };
type ParallelPreview = { readonly kind: "parallel"; readonly maxParallel?: number };
type MapPreview = {
  readonly kind: "map";
  readonly as: string;
  readonly items: string;
  /** What the items wait for. */
  readonly decided: Basis;
  /** How many iterations there are; where only the run knows, `upTo` says how many there may be. */
  readonly count?: number;
  readonly upTo?: number;
  readonly maxParallel?: number;
};
export type ApprovalPreview = {
  readonly kind: "gate.approval";
  readonly approval: string;
  readonly message?: string;
} & ApprovalRule;
type PolicyPreview = {
  readonly kind: "gate.policy";
  readonly policy: string;
  readonly engine: Policy["engine"];
  /** Of a CEL policy its expression, of a Rego policy its module and entry point. */
  readonly text: string;
  readonly failAction: "halt" | "continue";
};

export function stepPreviews(plan: Plan, graph: Graph, known: Foreknowledge): readonly StepPreview[] {
  return [...graph.byId.values()].sort((a, b) => a.place - b.place).map((at) => stepPreview(plan, at, known));
}

function stepPreview(plan: Plan, at: GraphNode, known: Foreknowledge): StepPreview {
  const { id, parent, needs, continueOnError } = at.node;
  const when = whenOf(at.node);
  return {
    id,
    section: at.inFinally ? "finally" : "steps",
    parent,
    needs,
    continueOnError,
    ...(when === undefined ? {} : { when: { text: templateText(when), decided: known.basisOf(when, at) } }),
    ...ownPreview(plan, at, known),
  };
}

function ownPreview(plan: Plan, at: GraphNode, known: Foreknowledge): ReturnType<typeof runPreview> | Rest {
  const { node } = at;
  switch (node.kind) {
    case "run":
      return runPreview(node, plan.sandbox);
    case "parallel":
      return { kind: "parallel", ...limitOf(node) };
    case "map":
      return mapPreview(node, at, known);
    case "gate.approval":
      return approvalPreview(node, plan);
    case "gate.policy":
      return policyPreview(node, plan);
  }
}
type Rest = ParallelPreview | MapPreview | ApprovalPreview | PolicyPreview;

function runPreview(node: RunNode, ofPack: Sandbox): RunPreview {
  const { mode, egressAllowlist, limits } = node.sandbox ?? ofPack;
  return {
    kind: "run",
    program: programPreview(node),
    sandbox: { mode, egress: egressAllowlist.map(egressText), limits },
    secrets: Object.entries(node.env).flatMap(([variable, value]) =>
      typeof value === "object" && "secret" in value ? [{ name: value.secret, variable, as: value.as }] : [],
    ),
    timeoutMs: node.timeoutMs,
    attempts: node.retry.maxAttempts,
    waitsMs: retryWaits(node),
    longestMs: longestMs(node),
  };
}

function programPreview(node: RunNode): ProgramPreview {
  if (node.uses !== undefined) {
    return { kind: "uses", uses: node.uses, with: templateText(node.with ?? {}) };
  }
  return node.script === undefined
    ? { kind: "command", text: argvText(node.command ?? []) }
    : { kind: "script", shell: node.shell ?? "sh", text: node.script };
}

/** `host:port`, with the protocol where the port does not say it, and what is special about the rule. */
function egressText({ host, port, protocol, allowPrivate }: EgressRule): string {
  const usual = protocol === (port === 80 ? "http" : "tls");
  return `${host}:${port}${usual ? "" : ` (${protocol})`}${allowPrivate ? " (private addresses allowed)" : ""}`;
}

type NodeOf<K extends PlanNode["kind"]> = Extract<PlanNode, { kind: K }>;

function limitOf({ maxParallel }: { readonly maxParallel?: number }): { readonly maxParallel?: number } {
  return maxParallel === undefined ? {} : { maxParallel };
}

function mapPreview(node: NodeOf<"map">, at: GraphNode, known: Foreknowledge): MapPreview {
  const size = Array.isArray(node.items) ? { count: node.items.length } : { upTo: node.maxItems };
  const items = templateText(node.items);
  return { kind: "map", as: node.as, items, decided: known.itemsBasis(at), ...size, ...limitOf(node) };
}

function approvalPreview(node: NodeOf<"gate.approval">, plan: Plan): ApprovalPreview {
  const rule = entryOf(plan.approvals, node.approval);
  if (rule === undefined) {
    throw new Error(`the plan has no approval rule ${node.approval}`);
  }
  const message = node.message === undefined ? {} : { message: templateText(node.message) };
  return { kind: "gate.approval", approval: node.approval, ...message, ...rule };
}

function policyPreview(node: NodeOf<"gate.policy">, plan: Plan): PolicyPreview {
  const policy = entryOf(plan.policies, node.policy);
  if (policy === undefined) {
    throw new Error(`the plan has no policy ${node.policy}`);
  }
  const text = policy.engine === "cel" ? policy.expression : `${policy.module} ${policy.entrypoint}`;
  return { kind: "gate.policy", policy: node.policy, engine: policy.engine, text, failAction: node.failAction };
}
