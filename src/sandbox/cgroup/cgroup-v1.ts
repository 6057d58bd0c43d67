import { mkdirSync, rmdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "#fault/system-problem.ts";
import { CPU_PERIOD_US, OWN_PIDS, STAIN_BYTES, quotaUs, type Cgroup, type CgroupLimits } from "./cgroup.ts";
import { readPids, tryWrite, write } from "./cgroup-file.ts";
import { KernelFile } from "../watch/kernel-file.ts";

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
  const files = filesOf(at);
  let tally: Tally | undefined;
  let held = "";

  return {
    procsFile,
    countsIo: false,
    attach: async (pid) => {
      await Promise.all(folders.map((folder) => writeFile(join(folder, "cgroup.procs"), String(pid))));
    },
    begin: (limits) => {
      const key = JSON.stringify(limits);
      if (held !== key) {
        held = "";
        setLimits(at, limits);
        held = key;
      }
      tally ??= tallyOf(files);
      files.peak?.write("0");
    },
    members: () => readPids(procsFile),
    measure: () => {
      const peak = files.peak?.number();
      const now = tallyOf(files);
      const before = tally ?? now;
      tally = now;
      return {
        ...(peak === undefined ? {} : { memoryPeakBytes: peak }),
        ...(files.cpu === undefined ? {} : { cpuMs: Math.round((now.cpuNs - before.cpuNs) / 1e6) }),
        outOfMemory: now.kills > before.kills,
        pidsRefused: now.refusals > before.refusals,
      };
    },
    stained: () => (files.usage?.number() ?? 0) > STAIN_BYTES,
    remove: () => {
      Object.values(files).forEach((file) => file?.close());
      return folders.every(removeFolder);
    },
  };
}

/** What only ever grows; between two steps nothing happens that it counts, but for the launcher's own moment of CPU. */
type Tally = { readonly kills: number; readonly refusals: number; readonly cpuNs: number };

type V1Files = Readonly<Partial<Record<"peak" | "usage" | "events" | "cpu" | "refusals", KernelFile>>>;

function filesOf({ memory, pids, cpuacct }: V1Folders): V1Files {
  const file = (folder: string, name: string): KernelFile => new KernelFile(join(folder, name));
  return {
    ...(memory === undefined
      ? {}
      : {
          peak: new KernelFile(join(memory, "memory.max_usage_in_bytes"), "r+"),
          usage: file(memory, "memory.usage_in_bytes"),
          events: file(memory, "memory.oom_control"),
        }),
    ...(pids === undefined ? {} : { refusals: file(pids, "pids.events") }),
    ...(cpuacct === undefined ? {} : { cpu: file(cpuacct, "cpuacct.usage") }),
  };
}

function tallyOf({ events, refusals, cpu }: V1Files): Tally {
  return {
    kills: events?.key("oom_kill") ?? 0,
    refusals: refusals?.key("max") ?? 0,
    cpuNs: cpu?.number() ?? 0,
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
    return systemCode(error) === "ENOENT";
  }
}
