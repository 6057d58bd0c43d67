import { rmSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import type { CgroupLimits } from "../cgroup/cgroup.ts";
import type { Ground } from "../ground.ts";
import { inside } from "../root/inside.ts";
import { launchScript, secretFd } from "./launch-script.ts";
import { enforcersOf } from "../limit/limit-enforcement.ts";
import { cpuListFor, tiesCpus } from "../limit/limit-means.ts";
import type { Slot } from "./slot.ts";

export type LaunchOrder = {
  readonly ground: Ground;
  readonly seccompFile: string;
  readonly slot: Slot;
  /** The program's path in the sandbox, and its arguments from its name on. */
  readonly program: string;
  readonly argv: readonly string[];
  readonly stdinFile: string;
  readonly limits: CgroupLimits;
};

/** Tells the slot's launcher what its next word `go` shall start. */
export function writeLaunch({ ground, seccompFile, slot, program, argv, stdinFile, limits }: LaunchOrder): void {
  const { means } = ground;
  const path = join(slot.folder, "launch");
  const firstFree = secretFd(slot.channel) + slot.secretPipes;
  const script = launchScript({
    slotFolder: slot.folder,
    seccompFile,
    stdinFile,
    bwrap: ground.bwrap,
    argv: [inside.init, program, ...argv],
    closed: ground.inherited.length === 0 ? [] : [7, 8, 9].filter((fd) => fd >= firstFree),
    ulimits: ground.ulimits,
    tie: tiesCpus(means) ? [means.taskset ?? "", "-c", cpuListFor(means, limits.cpus)] : [],
  });
  if (slot.left.launch !== script) {
    delete slot.left.launch;
    rmSync(path, { force: true });
    writeFileSync(path, script, { flag: "wx" });
    chmodSync(path, 0o444);
    slot.left.launch = script;
  }
}

/** Host path of what is process 1 in this slot's sandboxes; where no cgroup counts processes, it limits them. */
export function initFileFor({ means, inits }: Ground, slot: Slot, limits: CgroupLimits): string {
  const counts = enforcersOf(means).pids.level === "kernel-process";
  return inits.fileFor({ listen: slot.channel, ...(counts ? { maxPids: limits.pids } : {}) });
}
