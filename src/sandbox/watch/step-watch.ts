import type { CgroupLimits } from "../cgroup/cgroup.ts";
import { DiskWatch } from "./disk-watch.ts";
import { inside } from "../root/inside.ts";
import { tmpfsBytes, treeUse } from "./process-tree.ts";
import { onTick } from "./ticker.ts";

/** What the runner itself has to hold of an attempt's limits. */
export type WatchPlan = {
  readonly memory: boolean;
  readonly pids: boolean;
  readonly folder: string;
  readonly diskBytes: number;
};

export type Excess = "memory" | "pids" | "disk";

export type StepWatched = {
  readonly plan: WatchPlan;
  readonly limits: CgroupLimits;
  /** Host pid of the first process inside, once there is one. */
  readonly init: () => number | undefined;
  readonly onExcess: (excess: Excess, problem: string) => void;
};

/** The watchdog of one attempt, from `start` to `stop`. */
export class StepWatch {
  readonly #watched: StepWatched;
  readonly #disk: DiskWatch;
  #peakBytes = 0;
  #stop: () => void = () => undefined;

  constructor(watched: StepWatched) {
    const { plan, init, onExcess } = watched;
    this.#watched = watched;
    this.#disk = new DiskWatch({
      folder: plan.folder,
      bytes: plan.diskBytes,
      pids: () => {
        const root = init();
        return root === undefined ? [] : treeUse(root).pids;
      },
      onFull: (problem) => onExcess("disk", problem),
    });
  }

  /** Undefined where memory is not watched or nothing was seen. */
  get peakBytes(): number | undefined {
    return this.#peakBytes === 0 ? undefined : this.#peakBytes;
  }

  start(): void {
    this.#stop = onTick(() => this.#look());
  }

  stop(): void {
    this.#stop();
  }

  #look(): void {
    const { plan, limits, init, onExcess } = this.#watched;
    this.#disk.look();
    const root = init();
    if (root === undefined || (!plan.memory && !plan.pids)) {
      return;
    }
    const { memoryBytes, threads } = treeUse(root);
    if (plan.memory) {
      const bytes = memoryBytes + tmpfsBytes(root, [inside.tmp, "/dev/shm"]);
      this.#peakBytes = Math.max(this.#peakBytes, bytes);
      if (bytes > limits.memoryBytes) {
        onExcess("memory", `it used ${bytes} bytes of memory`);
      }
    }
    // The init inside is none of the step's.
    if (plan.pids && threads - 1 > limits.pids) {
      onExcess("pids", `it had ${threads - 1} processes and threads`);
    }
  }
}
