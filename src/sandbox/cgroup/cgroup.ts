/** What a cgroup is told before a step starts in it. */
export type CgroupLimits = { readonly memoryBytes: number; readonly pids: number; readonly cpus: number };

/** What happened since `begin`. */
export type CgroupUse = {
  readonly memoryPeakBytes?: number;
  readonly cpuMs?: number;
  readonly ioBytes?: number;
  readonly outOfMemory: boolean;
  readonly pidsRefused: boolean;
};

/**
 * A cgroup of our own, used for one step after another.
 * 1. Processes in it, and all their children, are held to the limits of the last `begin`.
 * 2. `begin` throws when the kernel does not take a limit: the step must not start then.
 * 3. `members` lists host pids; the launcher lives in the cgroup, too. Undefined where that cannot be said now.
 */
export type Cgroup = {
  readonly attach: (pid: number) => Promise<void>;
  readonly begin: (limits: CgroupLimits) => void;
  readonly members: () => readonly number[] | undefined;
  readonly measure: () => CgroupUse;
  /** Whether `measure` tells `ioBytes`. */
  readonly countsIo: boolean;
  /** True when what an earlier step left charged would blur the figures of the next. */
  readonly stained: () => boolean;
  /** Removes it when it is empty. */
  readonly remove: () => boolean;
  /** Where its processes are listed, for the launcher's own use. */
  readonly procsFile: string;
};

/** Names of our cgroups begin so; the janitor looks for it. */
export const CGROUP_PREFIX = "packrun.";

/** The launcher, bubblewrap and the shell that is init inside live in the cgroup beside the step's processes and use no declared pid. */
export const OWN_PIDS = 3;

/** Memory that a cgroup may keep charged (cache, kernel objects of dying namespaces) and still be used again. */
export const STAIN_BYTES: number = 24 * 1024 * 1024;

export const CPU_PERIOD_US = 100_000;

/** The smallest quota that the kernel takes is 1 ms per period. */
export function quotaUs(cpus: number): number {
  return Math.max(1000, Math.round(cpus * CPU_PERIOD_US));
}
