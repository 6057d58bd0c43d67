import type { Pack, PackStep } from "#pack/pack.ts";

/** A step of a pack among its neighbours. */
export type PackNode = {
  readonly step: PackStep;
  /** The id of its plan node: `rollout[*]::push` for a child of the map `rollout`. */
  readonly id: string;
  readonly section: "steps" | "finally";
  readonly parent: PackNode | undefined;
  /** Containers around it. */
  readonly depth: number;
  /** Place among its siblings. */
  readonly rank: number;
  readonly siblings: readonly PackNode[];
  /** Siblings that must have ended before it starts: the one before it in a sequence, its `needs` in a parallel block. */
  readonly needs: readonly PackNode[];
  /** The maps around it, the outermost first. */
  readonly maps: readonly PackNode[];
};

export type PackTree = {
  /** Canonical order: depth-first through `steps`, then through `finally`. */
  readonly nodes: readonly PackNode[];
  /** By the step's own id, which is unique in the pack. */
  readonly byId: ReadonlyMap<string, PackNode>;
};

type Growing = PackNode & { siblings: PackNode[]; needs: readonly PackNode[] };

export function packTree({ spec }: Pack): PackTree {
  const nodes: PackNode[] = [];
  grow(spec.steps, { section: "steps", parent: undefined, prefix: "", maps: [] }, nodes);
  grow(spec.finally, { section: "finally", parent: undefined, prefix: "", maps: [] }, nodes);
  return { nodes, byId: new Map(nodes.map((node) => [node.step.id, node])) };
}

type Around = {
  readonly section: PackNode["section"];
  readonly parent: PackNode | undefined;
  readonly prefix: string;
  readonly maps: readonly PackNode[];
};

function grow(steps: readonly PackStep[], around: Around, nodes: PackNode[]): void {
  const { section, parent, prefix, maps } = around;
  const siblings: Growing[] = [];
  for (const step of steps) {
    const node: Growing = {
      step,
      id: prefix + step.id,
      section,
      parent,
      depth: parent === undefined ? 0 : parent.depth + 1,
      rank: siblings.length,
      siblings,
      needs: [],
      maps,
    };
    siblings.push(node);
    nodes.push(node);
    if (step.kind === "map") {
      grow(step.steps, { section, parent: node, prefix: `${node.id}[*]::`, maps: [...maps, node] }, nodes);
    } else if (step.kind === "parallel") {
      grow(step.steps, { section, parent: node, prefix, maps }, nodes);
    }
  }
  connect(siblings, parent?.step.kind === "parallel");
}

function connect(siblings: readonly Growing[], isParallel: boolean): void {
  const byId = isParallel ? new Map(siblings.map((node) => [node.step.id, node])) : undefined;
  for (const [rank, node] of siblings.entries()) {
    const before = siblings[rank - 1];
    node.needs =
      byId === undefined ? (before === undefined ? [] : [before]) : node.step.needs.flatMap((id) => byId.get(id) ?? []);
  }
}
