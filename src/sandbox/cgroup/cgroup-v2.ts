import { mkdirSync, rmdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CPU_PERIOD_US, OWN_PIDS, STAIN_BYTES, quotaUs, type Cgroup } from "./cgroup.ts";
import type { CgroupTree } from "./cgroup-tree.ts";
import { readKey, readNumber, readPids, readText, tryWrite, write } from "./cgroup-file.ts";

/** One folder below `base`, which passes `controllers` on: memory and pids at least (Documentation/cgroup-v2.rst). */
export function makeV2Cgroup({ base, controllers }: CgroupTree, name: string): Cgroup {
  const folder = join(base, name);
  mkdirSync(folder, { recursive: true });
  const file = (leaf: string): string => join(folder, leaf);
  const before = { limits: "", kills: 0, refusals: 0, cpuUs: 0, io: 0 };

  return {
    procsFile: file("cgroup.procs"),
    countsIo: controllers.includes("io"),
    attach: (pid) => writeFile(file("cgroup.procs"), String(pid)),
    begin: (limits) => {
      const key = JSON.stringify(limits);
      if (before.limits !== key) {
        before.limits = "";
        write(file("memory.max"), limits.memoryBytes);
        tryWrite(file("memory.swap.max"), 0);
        write(file("memory.oom.group"), 1);
        write(file("pids.max"), limits.pids + OWN_PIDS);
        if (controllers.includes("cpu")) {
          write(file("cpu.max"), `${quotaUs(limits.cpus)} ${CPU_PERIOD_US}`);
        }
        before.limits = key;
      }
      before.kills = readKey(file("memory.events"), "oom_kill") ?? 0;
      before.refusals = readKey(file("pids.events"), "max") ?? 0;
      before.cpuUs = readKey(file("cpu.stat"), "usage_usec") ?? 0;
      before.io = ioBytes(file("io.stat")) ?? 0;
    },
    members: () => readPids(file("cgroup.procs")),
    measure: () => {
      const peak = readNumber(file("memory.peak"));
      const io = ioBytes(file("io.stat"));
      return {
        ...(peak === undefined ? {} : { memoryPeakBytes: peak }),
        cpuMs: Math.round(((readKey(file("cpu.stat"), "usage_usec") ?? 0) - before.cpuUs) / 1000),
        ...(io === undefined ? {} : { ioBytes: io - before.io }),
        outOfMemory: (readKey(file("memory.events"), "oom_kill") ?? 0) > before.kills,
        pidsRefused: (readKey(file("pids.events"), "max") ?? 0) > before.refusals,
      };
    },
    // The peak cannot be set back on most kernels, so a cgroup that has seen a large step is not used again.
    stained: () => (readNumber(file("memory.peak")) ?? readNumber(file("memory.current")) ?? 0) > STAIN_BYTES,
    remove: () => {
      try {
        rmdirSync(folder);
        return true;
      } catch (error) {
        return error instanceof Error && "code" in error && error.code === "ENOENT";
      }
    },
  };
}

/** Bytes read and written, of all devices. */
function ioBytes(path: string): number | undefined {
  try {
    const fields = readText(path).match(/\b[rw]bytes=\d+/g) ?? [];
    return fields.reduce((sum, field) => sum + Number(field.slice(field.indexOf("=") + 1)), 0);
  } catch {
    return undefined;
  }
}
