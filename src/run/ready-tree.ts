import { Heap } from "./heap.ts";

/**
 * Which ready step goes next, under the limits of every container around it, in O(depth · log n).
 *
 * A scope is what a `maxParallel` bounds: a container, or one iteration of a map. Its slots are its direct children
 * (of a map: its iterations), ranked in canonical order. A slot is busy while an attempt below it holds a place.
 * Invariants:
 * 1. `scope.busySlots` is the number of its slots with `inFlight > 0`, and never grows past `limit` through `firstReady`.
 * 2. `slot.offers` is true exactly when a leaf below it is ready and permitted by every limit below it.
 * 3. A slot that offers stands in its scope's heap of busy or of idle slots, whichever it is; others may linger there.
 */
export type Scope<T> = {
  readonly limit: number;
  /** The slot that this scope is inside of; absent for the whole run. */
  readonly owner: Slot<T> | undefined;
  readonly idle: Heap<Slot<T>>;
  readonly busy: Heap<Slot<T>>;
  busySlots: number;
};

export type Slot<T> = {
  readonly rank: number;
  readonly scope: Scope<T>;
  /** A step for leaves; absent for containers and iterations, which have an `inner` scope once they are open. */
  leaf: T | undefined;
  inner: Scope<T> | undefined;
  ready: boolean;
  offers: boolean;
  inFlight: number;
  inIdle: boolean;
  inBusy: boolean;
};

export function scope<T>(limit: number | undefined, owner?: Slot<T>): Scope<T> {
  const byRank = (a: Slot<T>, b: Slot<T>): number => a.rank - b.rank;
  const made: Scope<T> = {
    limit: limit ?? Number.POSITIVE_INFINITY,
    owner,
    idle: new Heap(byRank),
    busy: new Heap(byRank),
    busySlots: 0,
  };
  if (owner !== undefined) {
    owner.inner = made;
  }
  return made;
}

export function slot<T>(within: Scope<T>, rank: number): Slot<T> {
  return {
    rank,
    scope: within,
    leaf: undefined,
    inner: undefined,
    ready: false,
    offers: false,
    inFlight: 0,
    inIdle: false,
    inBusy: false,
  };
}

export function setReady<T>(of: Slot<T>, ready: boolean): void {
  if (of.ready !== ready) {
    of.ready = ready;
    refresh(of);
  }
}

/** An attempt of this leaf holds a place now, in every scope around it. */
export function take<T>(leaf: Slot<T>): void {
  leaf.ready = false;
  for (let at: Slot<T> | undefined = leaf; at !== undefined; at = at.scope.owner) {
    at.inFlight += 1;
    at.scope.busySlots += at.inFlight === 1 ? 1 : 0;
  }
  refresh(leaf);
}

export function give<T>(leaf: Slot<T>): void {
  for (let at: Slot<T> | undefined = leaf; at !== undefined; at = at.scope.owner) {
    at.inFlight -= 1;
    at.scope.busySlots -= at.inFlight === 0 ? 1 : 0;
  }
  refresh(leaf);
}

/** The ready leaf that goes first in canonical order among those that every limit permits. */
export function firstReady<T>(from: Scope<T>): T | undefined {
  let within: Scope<T> | undefined = from;
  for (;;) {
    const best: Slot<T> | undefined = within === undefined ? undefined : bestSlot(within);
    if (best === undefined || best.leaf !== undefined) {
      return best?.leaf;
    }
    within = best.inner;
  }
}

function bestSlot<T>(within: Scope<T>): Slot<T> | undefined {
  const busy = topOf(within.busy, "busy");
  const idle = within.busySlots < within.limit ? topOf(within.idle, "idle") : undefined;
  return busy === undefined || (idle !== undefined && idle.rank < busy.rank) ? idle : busy;
}

function topOf<T>(heap: Heap<Slot<T>>, kind: "busy" | "idle"): Slot<T> | undefined {
  for (;;) {
    const top = heap.peek();
    if (top === undefined || (top.offers && top.inFlight > 0 === (kind === "busy"))) {
      return top;
    }
    heap.pop();
    if (kind === "busy") {
      top.inBusy = false;
    } else {
      top.inIdle = false;
    }
  }
}

/** Restores invariants 2 and 3 from a slot up to the whole run. */
function refresh<T>(changed: Slot<T>): void {
  for (let at: Slot<T> | undefined = changed; at !== undefined; at = at.scope.owner) {
    at.offers = at.leaf === undefined ? at.inner !== undefined && bestSlot(at.inner) !== undefined : at.ready;
    if (at.offers && at.inFlight > 0 && !at.inBusy) {
      at.inBusy = true;
      at.scope.busy.push(at);
    } else if (at.offers && at.inFlight === 0 && !at.inIdle) {
      at.inIdle = true;
      at.scope.idle.push(at);
    }
  }
}
