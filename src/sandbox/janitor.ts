import { readFileSync, readdirSync, rmSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CGROUP_PREFIX } from "./cgroup/cgroup.ts";
import { readPids, tryWrite } from "./cgroup/cgroup-file.ts";
import { cgroupParents, type CgroupHost } from "./cgroup/cgroup-host.ts";
import { ownerHasDied } from "./watch/process-identity.ts";
import { removeTree } from "./attempt-folder.ts";

/** In the folder of a runner: the folders in which its cgroups stand, one a line. */
export const CGROUPS_FILE = "cgroups";

/** Takes away what runners left behind that surely run no more: processes, cgroups, folders, claims on users. */
export async function tidyUp(scratch: string, host: CgroupHost): Promise<void> {
  const dead = namesIn(scratch).filter(ownerHasDied);
  const recorded = dead.flatMap((name) => recordedParents(join(scratch, name)));
  for (const parent of new Set([...cgroupParents(host), ...recorded])) {
    const left = namesIn(parent).filter((name) => name.startsWith(CGROUP_PREFIX) && ownerHasDied(ownerIn(name)));
    await Promise.all(left.map((name) => removeCgroup(join(parent, name))));
  }
  for (const name of dead) {
    await removeTree(join(scratch, name));
  }
  for (const uid of namesIn(join(scratch, "uids"))) {
    const claim = join(scratch, "uids", uid);
    if (ownerHasDied(readOrEmpty(claim))) {
      rmSync(claim, { force: true });
    }
  }
}

/** A runner of another session had its cgroups elsewhere; it wrote down where. */
function recordedParents(folder: string): readonly string[] {
  return namesIn(folder)
    .flatMap((name) => readOrEmpty(join(folder, name, CGROUPS_FILE)).split("\n"))
    .filter((path) => path.startsWith("/sys/fs/cgroup/"));
}

/** `packrun.` + the owner's five parts + the slot's own name. */
function ownerIn(name: string): string {
  return name.slice(CGROUP_PREFIX.length).split(".").slice(0, 5).join(".");
}

/** With all that is below it: a subtree of version 2 holds the cgroups of slots. */
async function removeCgroup(folder: string): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    if (!tryWrite(join(folder, "cgroup.kill"), 1)) {
      readPids(join(folder, "cgroup.procs"))?.forEach(tryKill);
    }
    for (const name of namesIn(folder)) {
      if (name.startsWith(CGROUP_PREFIX)) {
        await removeCgroup(join(folder, name));
      }
    }
    try {
      rmdirSync(folder);
      return;
    } catch {
      await wait(10);
    }
  }
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
