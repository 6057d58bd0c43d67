import { digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { planFileCodes } from "#plan/plan-file-codes.ts";
import type { NodeKind, Plan } from "#plan/plan.ts";
import { graphOf, templateIdOf, type Graph } from "#run/graph.ts";
import { entryOf } from "#run/run-record.ts";
import type { RunState } from "#run/state.ts";
import type { StepStatus } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";
import { readAssumptions, type Assumption } from "./assumption.ts";
import { canonicalPlan } from "./canonical-plan.ts";
import { ceilingOf, type Ceiling } from "./ceiling.ts";
import { Foreknowledge, type Basis } from "./foreknowledge.ts";
import { decidePolicy, policyBasis } from "./policy-preview.ts";
import { pretendPlan } from "./pretend-plan.ts";
import { pretendRun, type PolicyVerdict, type PretendedRun } from "./pretend-run.ts";
import { skipReasons, type SkipPreview } from "./skip-reason.ts";
import { stepPreviews, type StepPreview } from "./step-preview.ts";

/** One step in one iteration of the maps around it; `[*]` stands for all iterations of a map whose items are not known. */
export type InstancePreview = {
  readonly id: string;
  /** Its id in the plan. */
  readonly step: string;
  readonly kind: NodeKind;
  readonly status: StepStatus;
  readonly reason?: string;
};

/** What a plan would do, before anything is done. Plain JSON; the same plan and assumptions give the same on every machine. */
export type Simulation = {
  readonly schemaVersion: 1;
  readonly planHash: Digest;
  readonly pack: Plan["pack"];
  readonly inputs: Plan["inputs"];
  readonly secrets: Plan["secrets"];
  readonly sandbox: Plan["sandbox"];
  readonly failurePolicy: Plan["failurePolicy"];
  readonly assumptions: readonly { readonly step: string; readonly status: string }[];
  /** Every node of the plan in canonical order, `finally` last. */
  readonly steps: readonly StepPreview[];
  /** Steps that can go on at the same time; each wave begins when the one before it has ended. */
  readonly waves: readonly { readonly section: "steps" | "finally"; readonly steps: readonly InstancePreview[] }[];
  readonly skipped: readonly SkipPreview[];
  /** Steps that fail under the assumptions, or whose condition or items have no value. */
  readonly failed: readonly InstancePreview[];
  /** What becomes of each policy gate that is reached; `run`: decided only then, and taken as allowed here. */
  readonly policies: readonly {
    readonly id: string;
    readonly policy: string;
    readonly decided: Basis | "assumed";
    readonly answer: PolicyVerdict;
  }[];
  /** Decisions that people have to make for the whole plan. */
  readonly approvals: { readonly gates: number; readonly required: number };
  readonly ceiling: Ceiling;
  readonly outcome: { readonly status: StepStatus; readonly reason?: string };
};

type Request = {
  /** `STEP=STATUS`. */
  readonly assume?: readonly string[];
};

/**
 * Runs a plan through the core with a driver that only pretends: every attempt ends well at once unless it is assumed
 * otherwise, gates pass, policies that the plan decides are decided and others allow. What only the run can know (outputs
 * of steps, and what depends on them) is left out of the plan that the core sees, see `pretendPlan`; statuses of steps
 * are known here, so conditions on them are evaluated. Faults: ASSUME_FORM, ASSUME_STEP, ASSUME_STATUS, PLAN_FILE.
 */
export function simulate(given: Plan, { assume = [] }: Request, sha256: Sha256): Result<Simulation> {
  const plan = canonicalPlan(given);
  const graph = graphOf(plan);
  const broken = brokenGate(plan);
  if (broken !== undefined) {
    return fail(
      faultOf(planFileCodes, "PLAN_FILE", {
        file: "the plan",
        problem: `gate ${broken} names a rule that is not there`,
      }),
    );
  }
  const assumptions = readAssumptions(assume, graph);
  if (!assumptions.ok) {
    return assumptions;
  }
  const known = new Foreknowledge(graph, assumptions.value);
  const pretended = pretendRun(pretendPlan(plan, graph, known, assumptions.value), {
    assumptions: assumptions.value,
    policy: (state, stepId) => decidePolicy(state, stepId, plan, known),
    sha256,
  });
  if (pretended === undefined) {
    return fail(faultOf(planFileCodes, "PLAN_FILE", { file: "the plan", problem: "its steps wait for each other" }));
  }
  const view = new InstanceView(pretended.state, graph, known);
  const { state } = pretended;
  return ok({
    schemaVersion: 1,
    planHash: digestOfJson(plan, sha256),
    pack: plan.pack,
    inputs: plan.inputs,
    secrets: plan.secrets,
    sandbox: plan.sandbox,
    failurePolicy: plan.failurePolicy,
    assumptions: [...assumptions.value.values()].map(({ step, status }) => ({ step, status })),
    steps: stepPreviews(plan, graph, known),
    waves: wavesOf(pretended, view),
    skipped: skipReasons(pretended, plan, assumptions.value).map((skip) => ({ ...skip, id: view.shownId(skip.id) })),
    failed: view.failed(),
    policies: policiesOf(pretended, view, known, assumptions.value),
    approvals: approvalsOf(plan),
    ceiling: ceilingOf(plan),
    outcome: { status: state.status, ...(state.reason === undefined ? {} : { reason: state.reason }) },
  });
}

/** A gate whose rule or policy is missing: only a plan that nobody compiled has one. */
function brokenGate(plan: Plan): string | undefined {
  return [...plan.steps, ...plan.finally].find(
    (node) =>
      (node.kind === "gate.approval" && entryOf(plan.approvals, node.approval) === undefined) ||
      (node.kind === "gate.policy" && entryOf(plan.policies, node.policy) === undefined),
  )?.id;
}

class InstanceView {
  readonly #state: RunState;
  readonly #graph: Graph;
  readonly #known: Foreknowledge;

  constructor(state: RunState, graph: Graph, known: Foreknowledge) {
    this.#state = state;
    this.#graph = graph;
    this.#known = known;
  }

  of(id: string): InstancePreview {
    const instance = this.#state.live.byId.get(id);
    if (instance === undefined) {
      throw new Error(`no instance ${id}`);
    }
    const { status = "pending", reason } = instance.record ?? {};
    const { id: step, kind } = instance.at.node;
    const why = reason === undefined || status === "succeeded" ? {} : { reason };
    return { id: this.shownId(id), step, kind, status, ...why };
  }

  section(id: string): "steps" | "finally" {
    return this.#state.live.byId.get(id)?.at.inFinally === true ? "finally" : "steps";
  }

  failed(): readonly InstancePreview[] {
    const failed = runSummary(this.#state).steps.filter((step) => step.status === "failed");
    return failed.filter(({ kind }) => kind !== "parallel" && kind !== "map").map(({ id }) => this.of(id));
  }

  /** The one iteration that stands for all of its map is `[*]`. */
  shownId(id: string): string {
    const segments = id.split("::");
    return segments
      .map((segment, at) => {
        const map = templateIdOf(segments.slice(0, at + 1).join("::")).replace(/\[\*\]$/, "");
        const node = segment.endsWith("]") ? this.#graph.byId.get(map) : undefined;
        return node !== undefined && this.#known.hasOpenCount(node) ? templateIdOf(segment) : segment;
      })
      .join("::");
  }
}

function wavesOf({ waves }: PretendedRun, view: InstanceView): Simulation["waves"] {
  return waves.map((ids) => ({ section: view.section(ids[0] ?? ""), steps: ids.map((id) => view.of(id)) }));
}

function policiesOf(
  { state, waves }: PretendedRun,
  view: InstanceView,
  known: Foreknowledge,
  assumptions: ReadonlyMap<string, Assumption>,
): Simulation["policies"] {
  return waves.flat().flatMap((id) => {
    const instance = state.live.byId.get(id);
    if (instance?.at.node.kind !== "gate.policy") {
      return [];
    }
    const { policy } = instance.at.node;
    const assumed = assumptions.has(id) || assumptions.has(templateIdOf(id));
    const decided = assumed ? "assumed" : policyBasis(state.plan, instance.at, known);
    const { status, reason, warned } = instance.record ?? {};
    const answer =
      reason === "POLICY_UNDECIDED" ? "undecided" : status === "failed" || warned === true ? "denied" : "allowed";
    return [{ id: view.shownId(id), policy, decided, answer } as const];
  });
}

function approvalsOf(plan: Plan): Simulation["approvals"] {
  const rules = plan.steps.flatMap((node) =>
    node.kind === "gate.approval" ? [entryOf(plan.approvals, node.approval)?.required ?? 0] : [],
  );
  return { gates: rules.length, required: rules.reduce((sum, required) => sum + required, 0) };
}
