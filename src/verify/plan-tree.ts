import type { Plan, PlanNode } from "#plan/plan.ts";

/** A plan as the tree that its flat lists describe, for looking up what an event speaks of. */
export type PlanTree = {
  readonly nodes: ReadonlyMap<string, PlanNode>;
  /** Children by parent id, in canonical order. */
  readonly children: ReadonlyMap<string, readonly PlanNode[]>;
  /** The nodes of `steps` and of `finally` that have no parent. */
  readonly roots: readonly PlanNode[];
  readonly last: readonly PlanNode[];
  /** By the id of a map: how many instances each of its items has, without those of the maps inside it. */
  readonly perItem: ReadonlyMap<string, number>;
};

/** The tree, or what is wrong: an id twice, a parent or a need that is not where it must be, a gate without its rule. */
export function planTree(plan: Plan): PlanTree | string {
  const nodes = new Map<string, PlanNode>();
  const children = new Map<string, PlanNode[]>();
  for (const node of [...plan.steps, ...plan.finally]) {
    if (nodes.has(node.id)) {
      return `node ${node.id} is in it twice`;
    }
    const wrong = misplacementOf(node, nodes) ?? lawlessness(node, plan);
    if (wrong !== undefined) {
      return wrong;
    }
    nodes.set(node.id, node);
    const beside = children.get(node.parent ?? "");
    if (beside === undefined) {
      children.set(node.parent ?? "", [node]);
    } else {
      beside.push(node);
    }
  }
  const last = new Set(plan.finally.map((node) => node.id));
  const isBeside = (node: PlanNode, need: string): boolean =>
    nodes.get(need)?.parent === node.parent && last.has(need) === last.has(node.id) && need !== node.id;
  const stray = [...nodes.values()].find((node) => !node.needs.every((need) => isBeside(node, need)));
  if (stray !== undefined) {
    return `node ${stray.id} needs something that is not beside it`;
  }
  return { nodes, children, roots: rootsOf(plan.steps), last: rootsOf(plan.finally), perItem: perItemOf(nodes) };
}

/** Every node counts for the nearest map around it. */
function perItemOf(nodes: ReadonlyMap<string, PlanNode>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of nodes.keys()) {
    const cut = id.lastIndexOf("[*]::");
    const map = id.slice(0, Math.max(0, cut));
    counts.set(map, (counts.get(map) ?? 0) + 1);
  }
  return counts;
}

function rootsOf(nodes: readonly PlanNode[]): readonly PlanNode[] {
  return nodes.filter((node) => node.parent === null);
}

/** A parent stands before its children and is a container; a map, and nothing else, adds `[*]::` to their ids. */
function misplacementOf(node: PlanNode, before: ReadonlyMap<string, PlanNode>): string | undefined {
  const cut = node.id.lastIndexOf("[*]::");
  const map = cut === -1 ? undefined : node.id.slice(0, cut);
  let above: string | null = node.parent;
  while (above !== null) {
    const parent = before.get(above);
    if (parent?.kind === "map") {
      return above === map ? undefined : `node ${node.id} is not named after its map`;
    }
    if (parent?.kind !== "parallel") {
      return `node ${node.id} has no container ${above}`;
    }
    above = parent.parent;
  }
  return map === undefined ? undefined : `node ${node.id} is not inside a map`;
}

/** What a gate asks for is in the plan: a gate without its rule would have nothing to be held to. */
function lawlessness(node: PlanNode, { approvals, policies }: Plan): string | undefined {
  if (node.kind === "gate.approval" && !Object.hasOwn(approvals, node.approval)) {
    return `gate ${node.id} has no rule ${node.approval}`;
  }
  return node.kind === "gate.policy" && !Object.hasOwn(policies, node.policy)
    ? `gate ${node.id} has no policy ${node.policy}`
    : undefined;
}

/** The node of an instance: `a[0]::b` is one of `a[*]::b`. */
export function templateOf(instance: string): string {
  return instance.replaceAll(/\[[0-9]+\]/g, "[*]");
}

/** The item numbers in an instance's id, outermost first. */
export function indicesOf(instance: string): readonly number[] {
  return [...instance.matchAll(/\[([0-9]+)\]/g)].map((match) => Number(match[1]));
}

/** The instance of a node for these item numbers; there may be more of them than it has. */
export function instanceOf(template: string, indices: readonly number[]): string {
  let at = 0;
  return template.replaceAll("[*]", () => {
    const index = indices[at] ?? 0;
    at += 1;
    return `[${index}]`;
  });
}
