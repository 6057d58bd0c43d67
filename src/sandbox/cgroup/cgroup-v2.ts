import { mkdirSync, rmdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemCode } from "#fault/system-problem.ts";
import { CPU_PERIOD_US, OWN_PIDS, STAIN_BYTES, quotaUs, type Cgroup } from "./cgroup.ts";
import type { CgroupTree } from "./cgroup-tree.ts";
import { readPids, tryWrite, write } from "./cgroup-file.ts";
import { KernelFile } from "../watch/kernel-file.ts";

/** One folder below `base`, which passes `controllers` on: memory and pids at least (Documentation/cgroup-v2.rst). */
export function makeV2Cgroup({ base, controllers }: CgroupTree, name: string): Cgroup {
  const folder = join(base, name);
  mkdirSync(folder, { recursive: true });
  const file = (leaf: string): string => join(folder, leaf);
  const files = filesIn(folder);
  let tally: Tally | undefined;
  let held = "";

  return {
    procsFile: file("cgroup.procs"),
    countsIo: controllers.includes("io"),
    attach: (pid) => writeFile(file("cgroup.procs"), String(pid)),
    begin: (limits) => {
      const key = JSON.stringify(limits);
      if (held !== key) {
        held = "";
        write(file("memory.max"), limits.memoryBytes);
        tryWrite(file("memory.swap.max"), 0);
        write(file("memory.oom.group"), 1);
        write(file("pids.max"), limits.pids + OWN_PIDS);
        if (controllers.includes("cpu")) {
          write(file("cpu.max"), `${quotaUs(limits.cpus)} ${CPU_PERIOD_US}`);
        }
        held = key;
      }
      tally ??= tallyOf(files);
    },
    members: () => readPids(file("cgroup.procs")),
    measure: () => {
      const peak = files.peak.number();
      const now = tallyOf(files);
      const before = tally ?? now;
      tally = now;
      return {
        ...(peak === undefined ? {} : { memoryPeakBytes: peak }),
        cpuMs: Math.round((now.cpuUs - before.cpuUs) / 1000),
        ...(now.ioBytes === undefined ? {} : { ioBytes: now.ioBytes - (before.ioBytes ?? 0) }),
        outOfMemory: now.kills > before.kills,
        pidsRefused: now.refusals > before.refusals,
      };
    },
    // The peak cannot be set back on most kernels, so a cgroup that has seen a large step is not used again.
    stained: () => (files.peak.number() ?? files.current.number() ?? 0) > STAIN_BYTES,
    remove: () => {
      Object.values(files).forEach((each) => each.close());
      try {
        rmdirSync(folder);
        return true;
      } catch (error) {
        return systemCode(error) === "ENOENT";
      }
    },
  };
}

/** What only ever grows; between two steps nothing happens that it counts, but for the launcher's own moment of CPU. */
type Tally = {
  readonly kills: number;
  readonly refusals: number;
  readonly cpuUs: number;
  readonly ioBytes: number | undefined;
};

type V2Files = Readonly<Record<"peak" | "current" | "kills" | "refusals" | "cpu" | "io", KernelFile>>;

function filesIn(folder: string): V2Files {
  const file = (name: string): KernelFile => new KernelFile(join(folder, name));
  return {
    peak: file("memory.peak"),
    current: file("memory.current"),
    kills: file("memory.events"),
    refusals: file("pids.events"),
    cpu: file("cpu.stat"),
    io: file("io.stat"),
  };
}

function tallyOf({ kills, refusals, cpu, io }: V2Files): Tally {
  return {
    kills: kills.key("oom_kill") ?? 0,
    refusals: refusals.key("max") ?? 0,
    cpuUs: cpu.key("usage_usec") ?? 0,
    ioBytes: ioBytesIn(io.text()),
  };
}

/** Bytes read and written, of all devices. The file is there where the controller is. */
function ioBytesIn(text: string | undefined): number | undefined {
  return text?.match(/\b[rw]bytes=\d+/g)?.reduce((sum, field) => sum + Number(field.slice(field.indexOf("=") + 1)), 0);
}
