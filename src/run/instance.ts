import { compareKeys, type GraphNode } from "./graph.ts";
import type { Heap } from "./heap.ts";
import { scope, slot, type Scope, type Slot } from "./ready-tree.ts";
import { entryOf, type RunRecord, type StepRecord } from "./run-record.ts";
import { isTerminal } from "./status.ts";

/** The nodes of `steps` or of `finally`: what runs first, and what runs after all of that. */
export type Section = {
  readonly roots: Instance[];
  /** Roots that have not ended. */
  left: number;
  readonly scope: Scope<Instance>;
  /** Its roots may be reached. */
  open: boolean;
  /** A stop has been carried to every step that had not started. */
  swept: boolean;
};

/**
 * One step of a run: a node of the plan, in one iteration of each map around it.
 * `blocked` until the container around it is open and its needs have ended; `reached` until it is examined (`when`,
 * failed needs); `admitted` from then on: it may run, its container is open, its gate is to be opened.
 */
export type Instance = {
  readonly id: string;
  readonly at: GraphNode;
  readonly parent: Instance | undefined;
  readonly section: Section;
  /** Iteration of its parent, where that is a map; 0 elsewhere. */
  readonly item: number;
  /** What stands before the names of its siblings: `a[0]::`. */
  readonly prefix: string;
  /** Canonical order: places and item indices from the outside in. */
  readonly key: readonly number[];
  readonly slot: Slot<Instance>;
  /** By iteration (one for `parallel`), then by rank. A map has none before it is expanded. */
  kids: Instance[][];
  kidsLeft: number;
  needsLeft: number;
  opened: boolean;
  phase: "blocked" | "reached" | "admitted" | "ended";
  /** Holds a place: its attempt runs, or was listed to run. */
  inFlight: boolean;
  record: StepRecord | undefined;
  /** The id of the last `output` command: a driver that repeats its last batch does not double it. */
  lastOutput: string;
};

export type Wait = { readonly instance: Instance; readonly notBefore: number };

/** Depth-first order of the pack's text, then item index. */
export function compareInstances(a: Instance, b: Instance): number {
  return compareKeys(a.key, b.key);
}

export type Nursery = {
  readonly record: RunRecord;
  readonly byId: Map<string, Instance>;
  readonly reached: Heap<Instance>;
};

type Place = Pick<Instance, "parent" | "section" | "item" | "prefix"> & {
  readonly base: readonly number[];
  readonly scope: Scope<Instance>;
};

export function makeRoots(nodes: readonly GraphNode[], section: Section, nursery: Nursery): void {
  const place: Place = { parent: undefined, section, item: 0, prefix: "", base: [], scope: section.scope };
  for (const at of nodes) {
    section.roots.push(makeInstance(at, place, nursery));
  }
  section.left = countSiblings(section.roots);
}

/** Makes the iterations of a map; the caller says what follows from it. */
export function makeIterations(map: Instance, count: number, nursery: Nursery): void {
  const limit = map.at.node.kind === "map" ? map.at.node.maxParallel : undefined;
  const iterations = scope(limit, map.slot);
  for (let item = 0; item < count; item += 1) {
    const place: Place = {
      parent: map,
      section: map.section,
      item,
      prefix: `${map.id}[${item}]::`,
      base: [...map.key, item],
      scope: scope(undefined, slot(iterations, item)),
    };
    map.kids.push(map.at.children.map((child) => makeInstance(child, place, nursery)));
  }
  settleCounts(map);
}

function makeInstance(at: GraphNode, place: Place, nursery: Nursery): Instance {
  const id = place.prefix + at.name;
  const own = slot<Instance>(place.scope, at.rank);
  const made: Instance = {
    id,
    at,
    parent: place.parent,
    section: place.section,
    item: place.item,
    prefix: place.prefix,
    key: [...place.base, at.place],
    slot: own,
    kids: [],
    kidsLeft: 0,
    needsLeft: 0,
    opened: false,
    phase: "blocked",
    inFlight: false,
    record: entryOf(nursery.record.steps, id),
    lastOutput: "",
  };
  nursery.byId.set(id, made);
  if (at.node.kind === "run") {
    own.leaf = made;
  } else if (at.node.kind === "parallel") {
    const inner = scope(at.node.maxParallel, own);
    const below: Place = { ...place, parent: made, item: 0, scope: inner };
    made.kids = [at.children.map((child) => makeInstance(child, below, nursery))];
  }
  const expansion = entryOf(nursery.record.maps, id);
  if (at.node.kind === "map" && expansion !== undefined) {
    makeIterations(made, expansion.count, nursery);
  }
  settleCounts(made);
  made.phase = isLeft(made) ? "blocked" : "ended";
  return made;
}

function settleCounts(container: Instance): void {
  container.kidsLeft = container.kids.reduce((sum, iteration) => sum + countSiblings(iteration), 0);
}

/** Counts what each of these siblings still needs; how many of them have not ended. */
function countSiblings(siblings: readonly Instance[]): number {
  let left = 0;
  for (const sibling of siblings) {
    sibling.needsLeft = sibling.at.needs.filter((need) => isLeft(siblings[need.rank])).length;
    left += isLeft(sibling) ? 1 : 0;
  }
  return left;
}

export function isLeft(instance: Instance | undefined): boolean {
  return instance !== undefined && !isTerminal(instance.record?.status ?? "pending");
}

/** The instance of a sibling node in the same iteration. */
export function siblingOf(instance: Instance, node: GraphNode): Instance | undefined {
  const siblings = instance.parent === undefined ? instance.section.roots : instance.parent.kids[instance.item];
  return siblings?.[node.rank];
}
