import type { PackNode } from "./pack-tree.ts";

export type NeedsOrder = {
  /** Whether `later` needs `first`, directly or through others. Both are siblings in the indexed block. */
  readonly isNeededBy: (first: PackNode, later: PackNode) => boolean;
};

/** Siblings that one pass looks at: the bits of a mask. */
const PER_PASS = 32;
/** Masks that are kept at most, over all passes: 64 MiB of them. */
const MAX_MASKS = 1 << 24;

/**
 * Answers who needs whom in a parallel block, whose needs have no cycle. The first question about any of 32 siblings
 * goes once through the block in topological order and marks for every sibling which of the 32 it needs.
 */
export function needsOrder(siblings: readonly PackNode[]): NeedsOrder {
  const order = topologicalOrder(siblings);
  const passes = new Map<number, Int32Array>();
  const passOf = (rank: number): Int32Array => {
    const number = Math.floor(rank / PER_PASS);
    const known = passes.get(number);
    if (known !== undefined) {
      return known;
    }
    if ((passes.size + 1) * siblings.length > MAX_MASKS) {
      passes.clear();
    }
    const made = markNeeds(order, number);
    passes.set(number, made);
    return made;
  };
  return { isNeededBy: (first, later) => ((passOf(first.rank)[later.rank] ?? 0) & bitOf(first.rank)) !== 0 };
}

function bitOf(rank: number): number {
  return 1 << (rank % PER_PASS);
}

/** By rank: which siblings of this pass each one needs. */
function markNeeds(order: readonly PackNode[], pass: number): Int32Array {
  const masks = new Int32Array(order.length);
  for (const node of order) {
    let mask = 0;
    for (const { rank } of node.needs) {
      mask |= masks[rank] ?? 0;
      if (Math.floor(rank / PER_PASS) === pass) {
        mask |= bitOf(rank);
      }
    }
    masks[node.rank] = mask;
  }
  return masks;
}

/** The siblings so that each comes behind all that it needs. */
function topologicalOrder(siblings: readonly PackNode[]): readonly PackNode[] {
  const order: PackNode[] = [];
  const isPlaced = new Uint8Array(siblings.length);
  for (const start of siblings) {
    const trail = [{ node: start, at: 0 }];
    for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
      const need = top.node.needs[top.at];
      top.at += 1;
      if (isPlaced[top.node.rank] === 1) {
        trail.pop();
      } else if (need === undefined) {
        isPlaced[top.node.rank] = 1;
        order.push(top.node);
        trail.pop();
      } else if (isPlaced[need.rank] === 0) {
        trail.push({ node: need, at: 0 });
      }
    }
  }
  return order;
}
