import type { Json } from "#canon/json.ts";
import type { Plan } from "#plan/plan.ts";
import { graphOf, type Graph } from "./graph.ts";
import { Heap } from "./heap.ts";
import { compareInstances, isLeft, makeRoots, type Instance, type Section, type Wait } from "./instance.ts";
import { scope, take } from "./ready-tree.ts";
import { References } from "./references.ts";
import { emptyRecord, type Identity, type RunRecord } from "./run-record.ts";

/**
 * A run in memory: what its ledger says (plain JSON), the plan, and indexes derived from both. Whoever folds it owns it:
 * `evolve`, `turn` and `todo` change it in place.
 */
export type RunState = RunRecord & { readonly plan: Plan; readonly live: Live };

/** Derived from record and plan alone; never stored. */
export type Live = {
  readonly graph: Graph;
  readonly byId: Map<string, Instance>;
  readonly main: Section;
  readonly finally: Section;
  /** Steps to be examined, in canonical order; those that were reached and have moved on since may linger. */
  readonly reached: Heap<Instance>;
  /** Waits before retries, the earliest first; those that are over may linger. */
  readonly waits: Heap<Wait>;
  /** Attempts that run or are listed to run. */
  readonly flight: Set<Instance>;
  /** Admitted approval gates without a request yet, open ones, and policy gates to be evaluated. */
  readonly opening: Set<Instance>;
  readonly open: Set<Instance>;
  readonly policies: Set<Instance>;
  readonly seen: Set<string>;
  /** What expressions see of a step inside a map that has ended, by map and step: nothing changes it any more. */
  readonly lists: Map<string, Json>;
  readonly references: References;
  /** The sequence that a timer asked for a snapshot at, the last that could not be made, and when that was tried. */
  readonly snapshots: { due?: number; failed?: number | undefined; triedAt?: number };
};

/** A run before its first event. */
export function initialState(plan: Plan, identity: Identity): RunState {
  return restoreState(plan, emptyRecord(identity));
}

/** What the ledger says of the run, without plan and indexes: plain JSON. Shares its parts with the state. @public */
export function recordOf(state: RunState): RunRecord {
  const { plan: _plan, live: _live, ...record } = state;
  return record;
}

/** The state whose record this is. Takes the record over. @public */
export function restoreState(plan: Plan, record: RunRecord): RunState {
  const graph = graphOf(plan);
  const live: Live = {
    graph,
    byId: new Map(),
    main: section(),
    finally: section(),
    reached: new Heap(compareInstances),
    waits: new Heap((a, b) => a.notBefore - b.notBefore || compareInstances(a.instance, b.instance)),
    flight: new Set(),
    opening: new Set(),
    open: new Set(),
    policies: new Set(),
    seen: new Set(record.commandIds),
    lists: new Map(),
    references: new References(plan),
    snapshots: {},
  };
  for (const { outputs = {} } of Object.values(record.steps)) {
    live.references.addOutputs(outputs);
  }
  const nursery = { record, byId: live.byId, reached: live.reached };
  makeRoots(graph.main, live.main, nursery);
  makeRoots(graph.finally, live.finally, nursery);
  live.main.open = true;
  live.finally.open = live.main.left === 0;
  const state: RunState = Object.assign(record, { plan, live });
  for (const instance of live.byId.values()) {
    restorePhase(instance, state);
  }
  return state;
}

function section(): Section {
  return { roots: [], left: 0, scope: scope(undefined), open: false, swept: false };
}

/** Where an instance stands, from its record; containers come before what is inside them. */
function restorePhase(instance: Instance, state: RunState): void {
  const { record } = instance;
  if (!isLeft(instance)) {
    return;
  }
  // A container has an attempt only to fail in it, before it opens.
  instance.opened = record?.status === "running" && record.attempts === 0;
  if (record !== undefined) {
    restoreProgress(instance, state);
  }
  const around = instance.parent?.opened ?? instance.section.open;
  if (instance.phase === "blocked" && around && instance.needsLeft === 0) {
    reach(instance, state.live);
  }
}

function restoreProgress(instance: Instance, { live, gates }: RunState): void {
  const { record, at } = instance;
  if (record?.status === "running") {
    instance.phase = "admitted";
    if (at.node.kind === "run") {
      fly(instance, live);
    }
  } else if (record?.notBefore !== undefined) {
    instance.phase = "admitted";
    live.waits.push({ instance, notBefore: record.notBefore });
  } else if (record?.status === "waiting" && gates[instance.id]?.opened !== undefined) {
    instance.phase = "admitted";
    live.open.add(instance);
  }
}

/** How many instances the expansions so far have made. */
export function instancesInMaps({ live }: RunState): number {
  return live.byId.size - live.graph.outsideMaps;
}

/** To be examined in the next turn. */
export function reach(instance: Instance, live: Live): void {
  instance.phase = "reached";
  live.reached.push(instance);
}

/** Its attempt holds a place. */
export function fly(instance: Instance, live: Live): void {
  if (!instance.inFlight) {
    instance.inFlight = true;
    live.flight.add(instance);
    take(instance.slot);
  }
}
