import type { Plan } from "#plan/plan.ts";
import type { LedgerEvent } from "#run/event.ts";
import { graphOf, templateIdOf, type Graph, type GraphNode } from "#run/graph.ts";

/** How far a run is. Steps that only hold others are not counted; a step of a map counts once for each item. */
export type Progressed = {
  readonly ended: number;
  readonly total: number;
  /** False while there are maps whose items are not known yet. */
  readonly whole: boolean;
  readonly running: number;
  /** Gates that wait for approvals, in the order in which they began to. */
  readonly waiting: readonly string[];
  /**
   * Depth in the plan, from 1, of the earliest step that runs or waits, else of the last that began. Steps of one wave
   * need none of each other.
   */
  readonly wave: number;
  readonly waves: number;
};

/** A step as a run's summary tells it. */
type StepSoFar = { readonly id: string; readonly status: string };

const ENDS: ReadonlySet<LedgerEvent["eventType"]> = new Set([
  "step.succeeded",
  "step.failed",
  "step.skipped",
  "step.cancelled",
  "gate.passed",
  "gate.rejected",
  "gate.expired",
  "policy.evaluated",
]);
const ENDED: ReadonlySet<string> = new Set(["succeeded", "failed", "skipped", "cancelled"]);

/** Counts the steps of a run while its events come in, in ledger order. */
export class RunProgress {
  readonly #graph: Graph;
  readonly #depths: ReadonlyMap<GraphNode, number>;
  readonly #waves: number;
  readonly #maps: number;
  readonly #ended = new Set<string>();
  readonly #running = new Set<string>();
  readonly #waiting = new Set<string>();
  /** Maps that are or were reached; the others are still to come. */
  readonly #opened = new Set<string>();
  #total = 0;
  #wave = 1;

  /** `before` are the steps of a run that is gone on with. */
  constructor(plan: Plan, before: readonly StepSoFar[] = []) {
    this.#graph = graphOf(plan);
    this.#depths = depthsOf(this.#graph);
    this.#waves = [...this.#depths.values()].reduce((most, depth) => Math.max(most, depth), 1);
    this.#maps = [...this.#graph.byId.values()].filter(({ node }) => node.kind === "map").length;
    this.#total = leavesIn(this.#graph, undefined).length;
    for (const { id, status } of before) {
      this.#meet(id);
      if (ENDED.has(status)) {
        this.#end(id);
      } else if (status === "waiting" && this.#nodeOf(id)?.node.kind === "gate.approval") {
        this.#waiting.add(id);
      }
    }
  }

  take({ eventType, stepId, metadata }: LedgerEvent): void {
    if (stepId === undefined) {
      return;
    }
    if (eventType === "map.expanded") {
      this.#expand(stepId, metadata.count);
    } else if (eventType === "step.started") {
      this.#running.add(stepId);
      this.#wave = this.#depthOf(stepId);
    } else if (eventType === "step.retry" || eventType === "step.lost") {
      this.#running.delete(stepId);
    } else if (eventType === "gate.opened") {
      this.#waiting.add(stepId);
    } else if (ENDS.has(eventType)) {
      this.#end(stepId);
    }
  }

  now(): Progressed {
    const depths = [...this.#running, ...this.#waiting].map((id) => this.#depthOf(id));
    return {
      ended: this.#ended.size,
      total: this.#total,
      whole: this.#opened.size === this.#maps,
      running: this.#running.size,
      waiting: [...this.#waiting],
      wave: depths.reduce((least, depth) => Math.min(least, depth), depths[0] ?? this.#wave),
      waves: this.#waves,
    };
  }

  #nodeOf(id: string): GraphNode | undefined {
    return this.#graph.byId.get(templateIdOf(id));
  }

  #depthOf(id: string): number {
    const node = this.#nodeOf(id);
    return (node === undefined ? undefined : this.#depths.get(node)) ?? 1;
  }

  /** An instance that a summary names is counted, if its map's items were not. */
  #meet(id: string): void {
    const node = this.#nodeOf(id);
    if (node?.map !== undefined && isLeaf(node)) {
      this.#total += 1;
      this.#opened.add(node.map.node.id);
    }
  }

  #expand(id: string, count: number): void {
    const node = this.#nodeOf(id);
    if (node !== undefined) {
      this.#opened.add(node.node.id);
      this.#total += count * leavesIn(this.#graph, node).length;
    }
  }

  /** The end of a step that holds others is that of those that nothing was told of. */
  #end(id: string): void {
    this.#running.delete(id);
    this.#waiting.delete(id);
    const node = this.#nodeOf(id);
    if (node === undefined || isLeaf(node)) {
      this.#ended.add(id);
      return;
    }
    if (node.node.kind === "map") {
      this.#opened.add(node.node.id);
      return;
    }
    const before = id.slice(0, id.length - node.name.length);
    node.children.forEach((child) => this.#end(`${before}${child.name}`));
  }
}

function isLeaf({ node }: GraphNode): boolean {
  return node.kind !== "map" && node.kind !== "parallel";
}

/** Steps that hold no others, with `map` as the nearest map around them. */
function leavesIn({ byId }: Graph, map: GraphNode | undefined): readonly GraphNode[] {
  return [...byId.values()].filter((at) => isLeaf(at) && at.map === map);
}

/** How many steps stand one behind the other up to the end of each node. Linear; deep only where containers are. */
function depthsOf({ main, finally: last }: Graph): ReadonlyMap<GraphNode, number> {
  const depths = new Map<GraphNode, number>();
  const settle = (nodes: readonly GraphNode[], from: number): number => {
    const starts = new Map<GraphNode, number>();
    const open = new Map(nodes.map((node) => [node, node.needs.length]));
    const ready = nodes.filter((node) => node.needs.length === 0);
    let deepest = from;
    // It grows while it is gone through.
    for (const node of ready) {
      const start = starts.get(node) ?? from;
      const end = isLeaf(node) ? start + 1 : settle(node.children, start);
      depths.set(node, end);
      deepest = Math.max(deepest, end);
      for (const next of node.dependents) {
        starts.set(next, Math.max(starts.get(next) ?? from, end));
        const left = (open.get(next) ?? 0) - 1;
        open.set(next, left);
        if (left === 0) {
          ready.push(next);
        }
      }
    }
    return deepest;
  };
  settle(last, settle(main, 0));
  return depths;
}
