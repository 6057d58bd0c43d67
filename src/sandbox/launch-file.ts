import { rmSync, writeFileSync, chmodSync } from "node:fs";
import { join } from "node:path";
import type { CgroupLimits } from "./cgroup.ts";
import type { Ground } from "./ground.ts";
import { inside } from "./inside.ts";
import { launchScript, secretFd } from "./launch-script.ts";
import { enforcersOf } from "./limit-enforcement.ts";
import { cpuListFor, tiesCpus } from "./limit-means.ts";
import type { Slot } from "./slot.ts";

export type LaunchOrder = {
  readonly ground: Ground;
  readonly seccompFile: string;
  readonly slot: Slot;
  readonly argv: readonly string[];
  readonly stdinFile: string;
  readonly limits: CgroupLimits;
};

/** Tells the slot's launcher what its next word `go` shall start. */
export function writeLaunch({ ground, seccompFile, slot, argv, stdinFile, limits }: LaunchOrder): void {
  const { means } = ground;
  const maxPids = enforcersOf(means).pids.level === "kernel-process" ? limits.pids : undefined;
  const path = join(slot.folder, "launch");
  const firstFree = secretFd(slot.channel) + slot.secretPipes;
  const script = launchScript({
    slotFolder: slot.folder,
    seccompFile,
    stdinFile,
    bwrap: ground.bwrap,
    argv: [...(slot.channel ? [inside.listener] : []), ...initArgv(argv, maxPids)],
    closed: ground.inherited.length === 0 ? [] : [6, 7, 8, 9].filter((fd) => fd >= firstFree),
    ulimits: ground.ulimits,
    tie: tiesCpus(means) ? [means.taskset ?? "", "-c", cpuListFor(means, limits.cpus)] : [],
  });
  rmSync(path, { force: true });
  writeFileSync(path, script, { flag: "wx" });
  chmodSync(path, 0o444);
}

/**
 * The first process of the step's PID namespace is a shell that starts the program, takes in what it leaves behind, and
 * ends with its exit code; the kernel then kills the rest. (bubblewrap's own init would be left to the init of the host
 * as a zombie, and in containers nobody may be there to take it.) `exec` never means a builtin of the shell.
 * Where no cgroup counts processes, this shell limits them: RLIMIT_NPROC counts per user namespace, so it must be set in
 * there, with one more for the shell itself. dash knows it as -p, other shells as -u.
 */
function initArgv(argv: readonly string[], maxPids: number | undefined): readonly string[] {
  const most = (maxPids ?? 0) + 1;
  const limit = maxPids === undefined ? "" : `ulimit -u ${most} 2>/dev/null || ulimit -p ${most} || exit 125; `;
  return ["/bin/sh", "-c", `${limit}(exec "$@"); exit $?`, "packrun", ...argv];
}
