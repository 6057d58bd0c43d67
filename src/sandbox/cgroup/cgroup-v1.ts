import { mkdirSync, rmdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CPU_PERIOD_US, OWN_PIDS, STAIN_BYTES, quotaUs, type Cgroup, type CgroupLimits } from "./cgroup.ts";
import { readKey, readNumber, readPids, tryWrite, write } from "./cgroup-file.ts";

/** `cpuacct` only measures; `blkio` counts nothing on today's kernels and is not used. */
export const V1_CONTROLLERS = ["memory", "pids", "cpu", "cpuacct"] as const;

/** Mount points of the controllers. */
export type V1Folders = Readonly<Partial<Record<(typeof V1_CONTROLLERS)[number], string>>>;

/** One folder in each hierarchy; controllers that are mounted together share it. */
export function makeV1Cgroup(mounts: V1Folders, name: string): Cgroup {
  const at: { -readonly [K in keyof V1Folders]: string } = {};
  for (const controller of V1_CONTROLLERS) {
    const mount = mounts[controller];
    if (mount !== undefined) {
      at[controller] = join(mount, name);
    }
  }
  const folders = [...new Set(Object.values(at))];
  folders.forEach((folder) => mkdirSync(folder, { recursive: true }));
  const procsFile = join(folders[0] ?? "", "cgroup.procs");
  const before = { limits: "", kills: 0, refusals: 0 };

  return {
    procsFile,
    countsIo: false,
    attach: async (pid) => {
      await Promise.all(folders.map((folder) => writeFile(join(folder, "cgroup.procs"), String(pid))));
    },
    begin: (limits) => {
      const key = JSON.stringify(limits);
      if (before.limits !== key) {
        before.limits = "";
        setLimits(at, limits);
        before.limits = key;
      }
      if (at.memory !== undefined) {
        tryWrite(join(at.memory, "memory.max_usage_in_bytes"), 0);
        before.kills = readKey(join(at.memory, "memory.oom_control"), "oom_kill") ?? 0;
      }
      if (at.cpuacct !== undefined) {
        tryWrite(join(at.cpuacct, "cpuacct.usage"), 0);
      }
      before.refusals = at.pids === undefined ? 0 : (readKey(join(at.pids, "pids.events"), "max") ?? 0);
    },
    members: () => readPids(procsFile),
    measure: () => {
      const peak = at.memory === undefined ? undefined : readNumber(join(at.memory, "memory.max_usage_in_bytes"));
      const cpuNs = at.cpuacct === undefined ? undefined : readNumber(join(at.cpuacct, "cpuacct.usage"));
      const kills = at.memory === undefined ? 0 : (readKey(join(at.memory, "memory.oom_control"), "oom_kill") ?? 0);
      const refusals = at.pids === undefined ? 0 : (readKey(join(at.pids, "pids.events"), "max") ?? 0);
      return {
        ...(peak === undefined ? {} : { memoryPeakBytes: peak }),
        ...(cpuNs === undefined ? {} : { cpuMs: Math.round(cpuNs / 1e6) }),
        outOfMemory: kills > before.kills,
        pidsRefused: refusals > before.refusals,
      };
    },
    stained: () => at.memory !== undefined && (readNumber(join(at.memory, "memory.usage_in_bytes")) ?? 0) > STAIN_BYTES,
    remove: () => folders.every(removeFolder),
  };
}

function setLimits(at: V1Folders, limits: CgroupLimits): void {
  if (at.memory !== undefined) {
    const limit = join(at.memory, "memory.limit_in_bytes");
    const withSwap = join(at.memory, "memory.memsw.limit_in_bytes");
    // The limit with swap may never be below the plain one: out of the way first, then down to it.
    const counted = tryWrite(withSwap, -1);
    write(limit, limits.memoryBytes);
    if (counted) {
      write(withSwap, limits.memoryBytes);
    } else {
      tryWrite(join(at.memory, "memory.swappiness"), 0);
    }
  }
  if (at.pids !== undefined) {
    write(join(at.pids, "pids.max"), limits.pids + OWN_PIDS);
  }
  if (at.cpu !== undefined) {
    write(join(at.cpu, "cpu.cfs_period_us"), CPU_PERIOD_US);
    write(join(at.cpu, "cpu.cfs_quota_us"), quotaUs(limits.cpus));
  }
}

function removeFolder(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "ENOENT";
  }
}
