import { NO_DOUBTS, type Doubts } from "#pack/doubts.ts";
import { needsOrder, type NeedsOrder } from "./needs-order.ts";
import type { PackNode } from "./pack-tree.ts";

/** Who looks: a step, or the pack's outputs when everything has ended. */
export type Viewer = PackNode | "end";

export type StepOrder = {
  /** Whether `target` has surely ended whenever `viewer` is about to start. */
  readonly isBefore: (target: PackNode, viewer: Viewer) => boolean;
  /** Whether that cannot be said, because something is wrong with the `needs` that it depends on. */
  readonly isUnsure: (target: PackNode, viewer: Viewer) => boolean;
};

/** Answers questions of order without listing who comes before whom: what a parallel block needs is indexed when asked. */
export function stepOrder(doubts: Doubts = NO_DOUBTS): StepOrder {
  const unsure = new Map<readonly PackNode[], boolean>();
  const areUnsure = (siblings: readonly PackNode[]): boolean => {
    const known = unsure.get(siblings);
    const answer =
      known ??
      siblings.some(
        ({ step: { id, path } }) =>
          doubts.mayBe(id) || doubts.touch([...path, "needs"]) || doubts.touch([...path, "id"]),
      );
    if (known === undefined) {
      unsure.set(siblings, answer);
    }
    return answer;
  };
  const indexes = new Map<readonly PackNode[], NeedsOrder>();
  const siblingsInOrder = (first: PackNode, later: PackNode): boolean => {
    if (first.parent?.step.kind !== "parallel") {
      return first.rank < later.rank;
    }
    const known = indexes.get(first.siblings);
    const index = known ?? needsOrder(first.siblings);
    if (known === undefined) {
      indexes.set(first.siblings, index);
    }
    return index.isNeededBy(first, later);
  };
  return {
    isBefore: (target, viewer) => {
      if (viewer === "end") {
        return true;
      }
      if (target.section !== viewer.section) {
        return target.section === "steps";
      }
      const pair = siblingsAbove(target, viewer);
      return pair !== undefined && siblingsInOrder(pair.first, pair.later);
    },
    isUnsure: (target, viewer) => {
      const first = viewer === "end" ? undefined : siblingsAbove(target, viewer)?.first;
      return first?.parent?.step.kind === "parallel" && areUnsure(first.siblings);
    },
  };
}

/** The two different siblings in which two steps stand; undefined when one stands in the other, or they are one. */
function siblingsAbove(
  target: PackNode,
  viewer: PackNode,
): { readonly first: PackNode; readonly later: PackNode } | undefined {
  const depth = Math.min(target.depth, viewer.depth);
  let first: PackNode | undefined = target;
  let later: PackNode | undefined = viewer;
  while (first !== undefined && first.depth > depth) {
    first = first.parent;
  }
  while (later !== undefined && later.depth > depth) {
    later = later.parent;
  }
  if (first === later) {
    return undefined;
  }
  while (first !== undefined && later !== undefined && first.parent !== later.parent) {
    first = first.parent;
    later = later.parent;
  }
  return first === undefined || later === undefined ? undefined : { first, later };
}
