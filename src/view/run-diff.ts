import { canonicalJson } from "#canon/canonical-json.ts";
import type { Plan } from "#plan/plan.ts";
import { entryOf } from "#run/run-record.ts";
import type { RunState } from "#run/state.ts";
import { runSummary, type StepSummary } from "#run/summary.ts";
import type { Values } from "#run/value.ts";
import { isSamePlan, planDiff, type PlanDiff } from "./plan-diff.ts";

/** A run as it is held against another one. */
export type RunSide = {
  readonly runId: string;
  readonly pack: string;
  readonly planHash: string;
  readonly status: string;
  readonly reason?: string;
  readonly requestedBy: string;
  /** From creation to end; absent where it is not over. */
  readonly durationMs?: number;
};

export type StepSide = Omit<StepSummary, "id" | "kind">;

/** One thing in both runs; a side that has no such thing is absent. `differs`: in more than the time it took. */
export type Pair<T> = {
  readonly id: string;
  readonly differs: boolean;
  readonly before?: T;
  readonly after?: T;
};

/** Two runs side by side. Times never count as a difference, and neither do ids of the runs. */
export type RunDiff = {
  readonly before: RunSide;
  readonly after: RunSide;
  readonly differs: boolean;
  /** Inputs are among it: they are part of a plan. */
  readonly plan: PlanDiff;
  /** Every step of both, in the order of the later run; those that only the earlier has come last. */
  readonly steps: readonly Pair<StepSide>[];
  /** The outputs of the pack. */
  readonly outputs: readonly Pair<Values[string]>[];
  /** Decisions on the gates of both, as `approve by ann`, in the order in which they were recorded. */
  readonly decisions: readonly Pair<readonly string[]>[];
};

/** Compares two runs, of one pack or of two. Linear in their size. */
export function runDiff(before: RunState, after: RunState): RunDiff {
  const [a, b] = [runSummary(before), runSummary(after)];
  const plan = planDiff(before.plan, after.plan);
  const steps = pairs(stepSides(a.steps), stepSides(b.steps), substanceOf);
  const outputs = pairs(entries(a.outputs), entries(b.outputs), same);
  const decisions = pairs(decisionsOf(before), decisionsOf(after), same);
  const [left, right] = [sideOf(before), sideOf(after)];
  const differs =
    !isSamePlan(plan) ||
    canonicalJson(outcomeOf(left)) !== canonicalJson(outcomeOf(right)) ||
    [...steps, ...outputs, ...decisions].some((pair) => pair.differs);
  return { before: left, after: right, differs, plan, steps, outputs, decisions };
}

function sideOf(state: RunState): RunSide {
  const { identity, reason, createdAt, finishedAt } = state;
  return {
    runId: identity.runId,
    pack: packOf(state.plan),
    planHash: identity.planHash,
    status: state.status,
    ...(reason === undefined ? {} : { reason }),
    requestedBy: state.requestedBy ?? "",
    ...(createdAt === undefined || finishedAt === undefined ? {} : { durationMs: finishedAt - createdAt }),
  };
}

const packOf = ({ pack }: Plan): string => `${pack.name}@${pack.version}`;
const outcomeOf = ({ status, reason = "", requestedBy }: RunSide): readonly string[] => [status, reason, requestedBy];

function stepSides(steps: readonly StepSummary[]): ReadonlyMap<string, StepSide> {
  return new Map(steps.map(({ id, kind: _kind, ...side }) => [id, side]));
}

/** What a step did, without how long it took and what it used. */
function substanceOf({ status, attempts, reason = "", outputs = {} }: StepSide): unknown {
  return [status, attempts, reason, outputs];
}

const same = (value: unknown): unknown => value;
const entries = (values: Values): ReadonlyMap<string, Values[string]> => new Map(Object.entries(values));

function decisionsOf(state: RunState): ReadonlyMap<string, readonly string[]> {
  const gates = Object.keys(state.gates).map((id): [string, readonly string[]] => [
    id,
    (entryOf(state.gates, id)?.decisions ?? []).map(({ decision, principal }) => `${decision} by ${principal}`),
  ]);
  return new Map(gates);
}

function pairs<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  substance: (side: T) => unknown,
): readonly Pair<T>[] {
  const gone = [...before.keys()].filter((id) => !after.has(id));
  return [...after.keys(), ...gone].map((id) => {
    const [a, b] = [before.get(id), after.get(id)];
    const differs = a === undefined || b === undefined || canonicalJson(substance(a)) !== canonicalJson(substance(b));
    return { id, differs, ...(a === undefined ? {} : { before: a }), ...(b === undefined ? {} : { after: b }) };
  });
}
