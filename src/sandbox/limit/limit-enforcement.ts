import { printByteSize } from "#canon/byte-size.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import type { EnforcementLevel, Sandbox } from "#plan/plan.ts";
import type { Enforcement, Enforcements } from "#run/event.ts";
import { MAX_FILE_BYTES } from "../collect/collecting.ts";
import { sandboxCodes } from "../codes.ts";
import { DISK_TEXT, diskBytesOf } from "../watch/disk-bound.ts";
import { holdsCpus, tiesCpus, type LimitMeans } from "./limit-means.ts";
import { OPEN_FILES, WATCH_MS } from "./limit-values.ts";

type Enforcer = Omit<Enforcement, "declared">;
export type TreeLimit = "memoryBytes" | "pids" | "cpus";

const STRENGTH = { none: 0, watchdog: 1, "kernel-process": 2, "kernel-tree": 3 } as const;
const EVERY = `every ${WATCH_MS} ms`;

/** Who holds the limits of process trees on this host. */
export function enforcersOf(means: LimitMeans): Readonly<Record<TreeLimit, Enforcer>> {
  const { cgroups } = means;
  const without: Readonly<Record<TreeLimit, Enforcer>> = {
    memoryBytes: {
      enforcedBy: `memory of the process tree and of its /tmp and /dev/shm, read ${EVERY}`,
      level: "watchdog",
    },
    pids: means.processLimit
      ? { enforcedBy: "RLIMIT_NPROC in the step's user namespace", level: "kernel-process" }
      : { enforcedBy: `threads of the process tree, counted ${EVERY}`, level: "watchdog" },
    cpus: tiesCpus(means)
      ? { enforcedBy: "CPU affinity, whole CPUs, rounded up", level: "kernel-process" }
      : { enforcedBy: "nothing", level: "none" },
  };
  switch (cgroups.kind) {
    case "none":
      return without;
    case "v2":
      return {
        memoryBytes: kernel("cgroup v2 memory.max"),
        pids: kernel("cgroup v2 pids.max"),
        cpus: holdsCpus(cgroups) ? kernel("cgroup v2 cpu.max") : without.cpus,
      };
    case "v1": {
      const { memory, pids } = cgroups.folders;
      return {
        memoryBytes: memory === undefined ? without.memoryBytes : kernel("cgroup v1 memory.limit_in_bytes"),
        pids: pids === undefined ? without.pids : kernel("cgroup v1 pids.max"),
        cpus: holdsCpus(cgroups) ? kernel("cgroup v1 cpu.cfs_quota_us") : without.cpus,
      };
    }
  }
}

function kernel(enforcedBy: string): Enforcer {
  return { enforcedBy, level: "kernel-tree" };
}

/** Who holds the limits that every host can hold in the same way. */
const everywhere = {
  artifactBytes: { enforcedBy: "byte counter of the runner", level: "watchdog" },
  coreBytes: { enforcedBy: "RLIMIT_CORE", level: "kernel-process" },
  diskBytes: { enforcedBy: DISK_TEXT, level: "watchdog" },
  fileBytes: { enforcedBy: "RLIMIT_FSIZE", level: "kernel-process" },
  logBytes: { enforcedBy: "byte counter of the runner", level: "watchdog" },
  openFiles: { enforcedBy: "RLIMIT_NOFILE", level: "kernel-process" },
  timeoutMs: { enforcedBy: "timer of the runner", level: "watchdog" },
  wallClockMs: { enforcedBy: "timer of the engine", level: "watchdog" },
} as const;

/** What the ledger says about the limits of one attempt, by name in alphabetical order. */
export function enforcementsOf(means: LimitMeans, sandbox: Sandbox, timeoutMs: number): Enforcements {
  const { limits, wallClockMs } = sandbox;
  const by = enforcersOf(means);
  return {
    artifactBytes: { declared: limits.artifactBytes, ...everywhere.artifactBytes },
    coreBytes: { declared: 0, ...everywhere.coreBytes },
    cpus: { declared: limits.cpus, ...by.cpus },
    diskBytes: { declared: diskBytesOf(limits), ...everywhere.diskBytes },
    fileBytes: { declared: MAX_FILE_BYTES, ...everywhere.fileBytes },
    logBytes: { declared: limits.logBytes, ...everywhere.logBytes },
    memoryBytes: { declared: limits.memoryBytes, ...by.memoryBytes },
    openFiles: { declared: OPEN_FILES, ...everywhere.openFiles },
    pids: { declared: limits.pids, ...by.pids },
    timeoutMs: { declared: timeoutMs, ...everywhere.timeoutMs },
    ...(wallClockMs === undefined ? {} : { wallClockMs: { declared: wallClockMs, ...everywhere.wallClockMs } }),
  };
}

/** Every limit by name with who holds it here, whatever a plan declares. */
export function allEnforcers(means: LimitMeans): Readonly<Record<string, Enforcer>> {
  const all = Object.entries({ ...everywhere, ...enforcersOf(means) });
  return Object.fromEntries(all.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** A limit that a host cannot hold as asked. */
export type Lack = {
  readonly limit: TreeLimit;
  readonly declared: string | number;
  readonly have: Enforcement["level"];
  readonly need: EnforcementLevel;
};

/** The first limit that this host cannot hold as a plan asks. */
export function lackOf(means: LimitMeans, sandbox: Pick<Sandbox, "mode" | "limits">): Lack | undefined {
  const by = enforcersOf(means);
  const needs = neededLevels(sandbox);
  const { memoryBytes, pids, cpus } = sandbox.limits;
  const shown = { memoryBytes: printByteSize(memoryBytes), pids, cpus };
  for (const limit of ["memoryBytes", "pids", "cpus"] as const) {
    const need = needs[limit];
    if (need !== "none" && STRENGTH[by[limit].level] < STRENGTH[need]) {
      return { limit, declared: shown[limit], have: by[limit].level, need };
    }
  }
  return undefined;
}

/**
 * Without `minEnforcement` a sealed sandbox asks the kernel for memory and processes of the whole tree and takes CPUs by
 * the piece; a restricted one takes a watchdog. CPUs that nothing holds are taken where a watchdog is, for only the kernel
 * can hold them.
 */
function neededLevels({
  mode,
  limits,
}: Pick<Sandbox, "mode" | "limits">): Readonly<Record<TreeLimit, EnforcementLevel | "none">> {
  const asked = limits.minEnforcement;
  const level = asked ?? (mode === "sealed" ? "kernel-tree" : "watchdog");
  return { memoryBytes: level, pids: level, cpus: level === "watchdog" ? "none" : (asked ?? "kernel-process") };
}

/** `remedy`: what `limitRemedy` says for this host. */
export function limitFault(lack: Lack, remedy: string): Fault {
  return faultOf(sandboxCodes, "LIMIT_UNENFORCEABLE", {
    ...lack,
    remedy: limitHint(remedy),
  });
}

/** The same words in a refusal and in `packrun doctor`. */
export function limitHint(remedy: string): string {
  return `${remedy}; or accept less with limits.minEnforcement: watchdog`;
}
