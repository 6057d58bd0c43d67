import type { PackNode } from "./pack-tree.ts";

export type NeedsOrder = {
  /** Whether `later` needs `first`, directly or through others. Both are siblings in the indexed block. */
  readonly isNeededBy: (first: PackNode, later: PackNode) => boolean;
};

/**
 * Indexes the needs of a parallel block, which have no cycle. Made once in linear time: a topological order, and a
 * spanning forest with the stretch of each of its subtrees. A question along the forest is answered at once; any other
 * walks only what lies between the two in topological order.
 */
export function needsOrder(siblings: readonly PackNode[]): NeedsOrder {
  const order = topologicalOrder(siblings);
  const { enter, leave } = spanningForest(siblings, order);
  const inSubtree = (root: number, of: number): boolean =>
    (enter[root] ?? 0) <= (enter[of] ?? 0) && (leave[of] ?? 0) <= (leave[root] ?? 0);
  return {
    isNeededBy: (first, later) => {
      const seen = new Set<number>();
      const open = [later];
      const place = order[first.rank] ?? 0;
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        if (at !== first && inSubtree(first.rank, at.rank)) {
          return true;
        }
        for (const need of at.needs) {
          if (need === first) {
            return true;
          }
          if ((order[need.rank] ?? 0) > place && !seen.has(need.rank)) {
            seen.add(need.rank);
            open.push(need);
          }
        }
      }
      return false;
    },
  };
}

/** The place of each sibling, by rank, in an order in which everything comes behind what it needs. */
function topologicalOrder(siblings: readonly PackNode[]): Int32Array {
  const order = new Int32Array(siblings.length).fill(-1);
  let next = 0;
  for (const start of siblings) {
    const trail = [{ node: start, at: 0 }];
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const need = top.node.needs[top.at];
      top.at += 1;
      if (order[top.node.rank] !== -1) {
        trail.pop();
      } else if (need === undefined) {
        order[top.node.rank] = next;
        next += 1;
        trail.pop();
      } else if (order[need.rank] === -1) {
        trail.push({ node: need, at: 0 });
      }
    }
  }
  return order;
}

/** In the forest each sibling hangs below the last in order of what it needs. */
function spanningForest(
  siblings: readonly PackNode[],
  order: Int32Array,
): { readonly enter: Int32Array; readonly leave: Int32Array } {
  const below: PackNode[][] = siblings.map(() => []);
  const roots: PackNode[] = [];
  for (const node of siblings) {
    const last = node.needs.reduce<PackNode | undefined>(
      (best, need) => (best === undefined || (order[need.rank] ?? 0) > (order[best.rank] ?? 0) ? need : best),
      undefined,
    );
    (last === undefined ? roots : (below[last.rank] ?? roots)).push(node);
  }
  const enter = new Int32Array(siblings.length);
  const leave = new Int32Array(siblings.length);
  let clock = 0;
  for (const root of roots) {
    const trail = [{ node: root, at: 0 }];
    enter[root.rank] = clock++;
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const child = below[top.node.rank]?.[top.at];
      top.at += 1;
      if (child === undefined) {
        leave[top.node.rank] = clock++;
        trail.pop();
      } else {
        enter[child.rank] = clock++;
        trail.push({ node: child, at: 0 });
      }
    }
  }
  return { enter, leave };
}
