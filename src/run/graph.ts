import type { Plan, PlanNode } from "#plan/plan.ts";

/** A node of the plan with its neighbours. One node of a map's template stands for many instances. */
export type GraphNode = {
  readonly node: PlanNode;
  /** The id without the maps around it. */
  readonly name: string;
  /** Place in canonical order: `steps`, then `finally`. */
  readonly place: number;
  readonly inFinally: boolean;
  readonly parent: GraphNode | undefined;
  /** Place among its siblings. */
  readonly rank: number;
  readonly children: readonly GraphNode[];
  readonly needs: readonly GraphNode[];
  readonly dependents: readonly GraphNode[];
  /** The nearest map around it. */
  readonly map: GraphNode | undefined;
  /** Of a map: how many nodes have it as the nearest map around them. Each of its items has an instance of each. */
  readonly perItem: number;
  /** True when its failure does not fail the run: it or a container around it has `continueOnError`. */
  readonly shielded: boolean;
};

export type Graph = {
  /** By template id, as in the plan. */
  readonly byId: ReadonlyMap<string, GraphNode>;
  /** By step id, as expressions name it. */
  readonly byName: ReadonlyMap<string, GraphNode>;
  readonly main: readonly GraphNode[];
  readonly finally: readonly GraphNode[];
  /** How many nodes have no map around them: they have one instance each. */
  readonly outsideMaps: number;
};

type Growing = GraphNode & {
  children: GraphNode[];
  needs: GraphNode[];
  dependents: GraphNode[];
  map: Growing | undefined;
  perItem: number;
};

/**
 * Indexes a plan. Never throws on a plan that fits its shape: a parent that does not come before its child, or a need
 * that is no sibling, is as if it were absent (no compiled plan has one).
 */
export function graphOf(plan: Plan): Graph {
  const byId = new Map<string, Growing>();
  const main: Growing[] = [];
  const last: Growing[] = [];
  for (const node of plan.steps) {
    grow(node, byId, main, false);
  }
  for (const node of plan.finally) {
    grow(node, byId, last, true);
  }
  for (const at of byId.values()) {
    for (const id of at.node.needs) {
      const needed = byId.get(id);
      if (needed !== undefined && needed.parent === at.parent && needed.inFinally === at.inFinally) {
        at.needs.push(needed);
        needed.dependents.push(at);
      }
    }
  }
  const byName = new Map([...byId.values()].map((at) => [at.name, at]));
  const outsideMaps = [...byId.values()].filter((at) => at.map === undefined).length;
  return { byId, byName, main, finally: last, outsideMaps };
}

function grow(node: PlanNode, byId: Map<string, Growing>, roots: Growing[], inFinally: boolean): void {
  if (byId.has(node.id)) {
    return;
  }
  const found = node.parent === null ? undefined : byId.get(node.parent);
  const parent = found?.inFinally === inFinally ? found : undefined;
  const siblings = parent?.children ?? roots;
  const made: Growing = {
    node,
    name: node.id.slice(node.id.lastIndexOf(":") + 1),
    place: byId.size,
    inFinally,
    parent,
    rank: siblings.length,
    children: [],
    needs: [],
    dependents: [],
    map: parent?.node.kind === "map" ? parent : parent?.map,
    perItem: 0,
    shielded: node.continueOnError || parent?.shielded === true,
  };
  if (made.map !== undefined) {
    made.map.perItem += 1;
  }
  byId.set(node.id, made);
  (siblings as GraphNode[]).push(made);
}

/** The id in the plan of an instance: `a[0]::b[1]::c` is an instance of `a[*]::b[*]::c`. */
export function templateIdOf(instanceId: string): string {
  return instanceId.replaceAll(/\[\d+\]/g, "[*]");
}

/**
 * Place in canonical order of any instance, whether its maps are expanded or not: places and item indices from the
 * outside in. Undefined when the plan has no such node.
 */
export function canonicalKey(graph: Graph, instanceId: string): readonly number[] | undefined {
  const key: number[] = [];
  let template = "";
  for (const segment of instanceId.split("::")) {
    const [, name = "", item] = /^([^[\]]+)(?:\[(\d{1,15})\])?$/.exec(segment) ?? [];
    const at = graph.byId.get(template + name);
    if (at === undefined) {
      return undefined;
    }
    key.push(at.place);
    if (item !== undefined) {
      key.push(Number(item));
    }
    template += `${name}[*]::`;
  }
  return graph.byId.has(templateIdOf(instanceId)) ? key : undefined;
}

export function compareKeys(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  for (let at = 0; at < end; at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return a.length - b.length;
}
