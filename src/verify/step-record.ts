import type { PlanNode } from "#plan/plan.ts";
import { isTerminal, type StepStatus } from "#run/status.ts";
import { indicesOf, instanceOf, templateOf, type PlanTree } from "./plan-tree.ts";

/** What the ledger has said of one instance so far. */
export type StepRecord = {
  readonly node: PlanNode;
  /** The last attempt that started. */
  attempt: number;
  /** `retry`: the attempt has ended and another one follows; `open`: a gate that waits. */
  stage: "none" | "running" | "lost" | "retry" | "open" | "ended";
  /** Set once it is terminal; of containers only when an event says so. */
  status?: StepStatus;
  reason?: string;
  /** The code of a gate's last refusal. */
  refusal?: string;
  /** Of a gate: the commands that decided it. */
  commands?: Set<string>;
  /** Of a map: how many items it was expanded to. */
  count?: number;
};

/** How far the children of a container are known to have ended: what has ended stays so, and is not asked again. */
type Progress = {
  readonly left: Iterator<readonly [string, PlanNode]>;
  /** The first one that has not. */
  next: readonly [string, PlanNode] | undefined;
  failed: boolean;
  cancelled: boolean;
};

/** Statuses of all instances, as the ledger's own events give them; containers derive theirs from their children. */
export class StepRecords {
  readonly #tree: PlanTree;
  readonly #records = new Map<string, StepRecord>();
  readonly #derived = new Map<string, StepStatus>();
  readonly #progress = new Map<string, Progress>();
  readonly #takenOver = new Set<string>();

  constructor(tree: PlanTree) {
    this.#tree = tree;
  }

  /** The record of an instance, or undefined when no such instance is in the plan and its expansions so far. */
  record(instance: string): StepRecord | undefined {
    const known = this.#records.get(instance);
    if (known !== undefined) {
      return known;
    }
    const node = this.#tree.nodes.get(templateOf(instance));
    if (node === undefined || instance.includes("[*]") || !this.#isExpanded(node, instance)) {
      return undefined;
    }
    const record: StepRecord = this.#takenOver.has(instance)
      ? { node, attempt: 0, stage: "ended", status: "succeeded" }
      : { node, attempt: 0, stage: "none" };
    this.#records.set(instance, record);
    return record;
  }

  /** Every map above it was expanded, to more items than its number here. */
  #isExpanded(node: PlanNode, instance: string): boolean {
    const indices = indicesOf(instance);
    if (instanceOf(node.id, indices) !== instance) {
      return false;
    }
    return indices.every((index, depth) => {
      const map = node.id
        .split("[*]")
        .slice(0, depth + 1)
        .join("[*]");
      const count = this.#records.get(instanceOf(map, indices))?.count;
      return count !== undefined && index < count;
    });
  }

  /** Undefined while it is not terminal. */
  statusOf(instance: string): StepStatus | undefined {
    const derived = this.#derived.get(instance);
    if (derived !== undefined) {
      return derived;
    }
    const record = this.record(instance);
    if (record === undefined || record.status !== undefined) {
      return record?.status;
    }
    const { kind } = record.node;
    const status = kind === "parallel" || kind === "map" ? this.#derive(instance, record) : undefined;
    if (status !== undefined) {
      this.#derived.set(instance, status);
    }
    return status;
  }

  /** The status at the end of a run: what is inside a container that never opened is skipped with it. */
  finalStatusOf(instance: string): StepStatus | undefined {
    const own = this.statusOf(instance);
    if (own === undefined) {
      for (const [around] of this.around(instance)) {
        if (this.#records.get(around)?.status !== undefined) {
          return "skipped";
        }
      }
    }
    return own;
  }

  /** A step inside a map that is not expanded yet was taken over from another run: it has ended when it comes to be. */
  takeOverLater(instance: string): void {
    this.#takenOver.add(instance);
  }

  #derive(instance: string, record: StepRecord): StepStatus | undefined {
    if (record.node.kind === "map" && record.count === undefined) {
      return undefined;
    }
    const progress = this.#progressOf(instance);
    for (; progress.next !== undefined; progress.next = nextOf(progress.left)) {
      const [child, node] = progress.next;
      const status = this.statusOf(child);
      if (status === undefined || !isTerminal(status)) {
        return undefined;
      }
      progress.failed ||= status === "failed" && !node.continueOnError;
      progress.cancelled ||= status === "cancelled";
    }
    return progress.failed ? "failed" : progress.cancelled ? "cancelled" : "succeeded";
  }

  #progressOf(instance: string): Progress {
    const known = this.#progress.get(instance);
    if (known !== undefined) {
      return known;
    }
    const left = this.childrenOf(instance)[Symbol.iterator]();
    const made = { left, next: nextOf(left), failed: false, cancelled: false };
    this.#progress.set(instance, made);
    return made;
  }

  /** The children of an instance in canonical order: none below a map that was not expanded. */
  *childrenOf(instance: string): Iterable<readonly [string, PlanNode]> {
    const record = this.record(instance);
    const indices = indicesOf(instance);
    const below = record === undefined ? [] : (this.#tree.children.get(record.node.id) ?? []);
    const isMap = record?.node.kind === "map";
    for (let item = 0; item < (isMap ? (record.count ?? 0) : 1); item += 1) {
      for (const node of below) {
        yield [instanceOf(node.id, isMap ? [...indices, item] : indices), node];
      }
    }
  }

  /** All instances in canonical order, each before what is inside it; `finally` last. */
  *instances(): Iterable<readonly [string, PlanNode]> {
    for (const node of [...this.#tree.roots, ...this.#tree.last]) {
      yield* this.#under(node.id, node);
    }
  }

  *#under(instance: string, node: PlanNode): Iterable<readonly [string, PlanNode]> {
    yield [instance, node];
    for (const [child, below] of this.childrenOf(instance)) {
      yield* this.#under(child, below);
    }
  }

  /** The instances around it, nearest first. */
  *around(instance: string): Iterable<readonly [string, PlanNode]> {
    const indices = indicesOf(instance);
    let node = this.#tree.nodes.get(templateOf(instance));
    while (node !== undefined && node.parent !== null) {
      const parent = this.#tree.nodes.get(node.parent);
      if (parent !== undefined) {
        yield [instanceOf(parent.id, indices), parent];
      }
      node = parent;
    }
  }
}

function nextOf<T>(left: Iterator<T>): T | undefined {
  const found = left.next();
  return found.done === true ? undefined : found.value;
}
