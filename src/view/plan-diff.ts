import { canonicalJson } from "#canon/canonical-json.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { pointerOf } from "#canon/shape.ts";
import type { NodeKind, Plan, PlanNode } from "#plan/plan.ts";
import { canonicalPlan } from "./canonical-plan.ts";

/** One value that differs. `pointer` is a JSON pointer; a side that has no such member lacks its value. */
export type ValueChange = { readonly pointer: string; readonly before?: Json; readonly after?: Json };

type Section = "steps" | "finally";
export type NodeRef = { readonly section: Section; readonly id: string; readonly kind: NodeKind };

/** What differs between two plans. Empty lists and no `order` exactly when both have the same canonical bytes. */
export type PlanDiff = {
  /** Pointers in the plan: `/inputs/channel/value`. */
  readonly inputs: readonly ValueChange[];
  readonly nodes: {
    readonly added: readonly NodeRef[];
    readonly removed: readonly NodeRef[];
    /** Pointers inside the node: `/command/1`. */
    readonly changed: readonly (NodeRef & { readonly changes: readonly ValueChange[] })[];
  };
  /** The nodes that both have, where they stand in another order. */
  readonly order?: { readonly before: readonly string[]; readonly after: readonly string[] };
  /** Everything else, by pointers in the plan: `/sandbox/limits/cpus`. */
  readonly other: readonly ValueChange[];
};

/** Compares two plans. Linear in their size. */
export function planDiff(earlier: Plan, later: Plan): PlanDiff {
  const [a, b] = [canonicalPlan(earlier), canonicalPlan(later)];
  const [before, after] = [nodesOf(a), nodesOf(b)];
  const common = [...before.keys()].filter((key) => after.has(key));
  const commonAfter = [...after.keys()].filter((key) => before.has(key));
  const reordered = common.some((key, at) => key !== commonAfter[at]);
  const ids = (keys: readonly string[]): readonly string[] => keys.map((key) => before.get(key)?.ref.id ?? "");
  return {
    inputs: changesOf(a.inputs, b.inputs, ["inputs"]),
    nodes: {
      added: [...after].filter(([key]) => !before.has(key)).map(([, { ref }]) => ref),
      removed: [...before].filter(([key]) => !after.has(key)).map(([, { ref }]) => ref),
      changed: commonAfter.flatMap((key) => changedNode(before.get(key), after.get(key))),
    },
    ...(reordered ? { order: { before: ids(common), after: ids(commonAfter) } } : {}),
    other: changesOf(withoutNodes(a), withoutNodes(b), []),
  };
}

export function isSamePlan({ inputs, nodes, order, other }: PlanDiff): boolean {
  const { added, removed, changed } = nodes;
  return order === undefined && [inputs, added, removed, changed, other].every((list) => list.length === 0);
}

type Placed = { readonly ref: NodeRef; readonly node: PlanNode };

function nodesOf(plan: Plan): ReadonlyMap<string, Placed> {
  const placed = (section: Section): readonly (readonly [string, Placed])[] =>
    plan[section].map((node) => [`${section} ${node.id}`, { ref: { section, id: node.id, kind: node.kind }, node }]);
  return new Map([...placed("steps"), ...placed("finally")]);
}

function withoutNodes(plan: Plan): unknown {
  const { steps: _steps, finally: _finally, inputs: _inputs, ...other } = plan;
  return other;
}

function changedNode(before: Placed | undefined, after: Placed | undefined): PlanDiff["nodes"]["changed"] {
  if (before === undefined || after === undefined) {
    return [];
  }
  const changes = changesOf(before.node, after.node, []);
  return changes.length === 0 ? [] : [{ ...after.ref, changes }];
}

type Path = readonly (string | number)[];

/** The smallest parts that differ; members in the order of their names, items by index. */
function changesOf(before: unknown, after: unknown, path: Path): readonly ValueChange[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, at) => at).flatMap((at) => changesOf(before[at], after[at], [...path, at]));
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return names.flatMap((name) => changesOf(member(before, name), member(after, name), [...path, name]));
  }
  if (before === undefined && after === undefined) {
    return [];
  }
  if (before !== undefined && after !== undefined && canonicalJson(before) === canonicalJson(after)) {
    return [];
  }
  const sides = { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
  return [{ pointer: pointerOf(path), ...(sides as Omit<ValueChange, "pointer">) }];
}

function member(of: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}
