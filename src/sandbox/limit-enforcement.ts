import { printByteSize } from "#canon/byte-size.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import type { Limits } from "#plan/plan.ts";
import type { Enforcement, Enforcements } from "#run/event.ts";
import type { CgroupHost } from "./cgroup-host.ts";
import { sandboxCodes } from "./codes.ts";

type Enforcer = Omit<Enforcement, "declared">;
type TreeLimit = "memoryBytes" | "pids" | "cpus";

const STRENGTH = { none: 0, watchdog: 1, "kernel-process": 2, "kernel-tree": 3 } as const;

/** Who holds each limit on this host. */
export function enforcersOf(host: CgroupHost): Readonly<Record<TreeLimit, Enforcer>> {
  const without: Readonly<Record<TreeLimit, Enforcer>> = {
    memoryBytes: { enforcedBy: "resident memory of the process tree, read every 200 ms", level: "watchdog" },
    pids: { enforcedBy: "RLIMIT_NPROC in the step's user namespace", level: "kernel-process" },
    cpus: { enforcedBy: "nothing", level: "none" },
  };
  switch (host.kind) {
    case "none":
      return without;
    case "v2":
      return {
        memoryBytes: kernel("cgroup v2 memory.max"),
        pids: kernel("cgroup v2 pids.max"),
        cpus: kernel("cgroup v2 cpu.max"),
      };
    case "v1":
      return {
        memoryBytes:
          host.folders.memory === undefined ? without.memoryBytes : kernel("cgroup v1 memory.limit_in_bytes"),
        pids: host.folders.pids === undefined ? without.pids : kernel("cgroup v1 pids.max"),
        cpus: host.folders.cpu === undefined ? without.cpus : kernel("cgroup v1 cpu.cfs_quota_us"),
      };
  }
}

function kernel(enforcedBy: string): Enforcer {
  return { enforcedBy, level: "kernel-tree" };
}

/** What the ledger says about the limits of one attempt, under the plan's names. */
export function enforcementsOf(host: CgroupHost, limits: Limits, timeoutMs: number): Enforcements {
  const by = enforcersOf(host);
  const counter: Enforcer = { enforcedBy: "byte counter of the runner", level: "watchdog" };
  return {
    artifactBytes: { declared: limits.artifactBytes, ...counter },
    cpus: { declared: limits.cpus, ...by.cpus },
    logBytes: { declared: limits.logBytes, ...counter },
    memoryBytes: { declared: limits.memoryBytes, ...by.memoryBytes },
    pids: { declared: limits.pids, ...by.pids },
    timeoutMs: { declared: timeoutMs, enforcedBy: "timer of the runner", level: "watchdog" },
  };
}

/** The first limit that this host cannot hold as asked: memory and pids at `minEnforcement`, CPUs by the kernel. */
export function unenforceable(host: CgroupHost, limits: Limits): Fault | undefined {
  const by = enforcersOf(host);
  const asked = limits.minEnforcement ?? "kernel-tree";
  const needs = { memoryBytes: asked, pids: asked, cpus: "kernel-tree" } as const;
  const shown = { memoryBytes: printByteSize(limits.memoryBytes), pids: limits.pids, cpus: limits.cpus } as const;
  for (const limit of ["memoryBytes", "pids", "cpus"] as const) {
    if (STRENGTH[by[limit].level] < STRENGTH[needs[limit]]) {
      return faultOf(sandboxCodes, "LIMIT_UNENFORCEABLE", {
        limit,
        declared: shown[limit],
        have: by[limit].level,
        need: needs[limit],
        remedy: remedy(limit),
      });
    }
  }
  return undefined;
}

function remedy(limit: TreeLimit): string {
  const kernel =
    process.getuid?.() === 0
      ? "mount the cgroup controllers memory, pids and cpu writable (containers: run with a private, writable cgroup)"
      : "run packrun inside `systemd-run --user --scope -p Delegate=yes`, or as root";
  return limit === "cpus" ? kernel : `${kernel}; or accept less with limits.minEnforcement: watchdog`;
}
