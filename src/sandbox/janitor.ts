import { readFileSync, readdirSync, rmSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { CGROUP_PREFIX } from "./cgroup.ts";
import { readPids } from "./cgroup-file.ts";
import { cgroupParents, type CgroupHost } from "./cgroup-host.ts";
import { ownerHasDied } from "./process-identity.ts";
import { removeTree } from "./attempt-folder.ts";

/** Takes away what runners left behind that surely run no more: processes, cgroups, folders, claims on users. */
export async function tidyUp(scratch: string, host: CgroupHost): Promise<void> {
  for (const parent of cgroupParents(host)) {
    const left = namesIn(parent).filter((name) => name.startsWith(CGROUP_PREFIX) && ownerHasDied(ownerIn(name)));
    await Promise.all(left.map((name) => removeCgroup(join(parent, name))));
  }
  for (const name of namesIn(scratch)) {
    if (ownerHasDied(name)) {
      await removeTree(join(scratch, name));
    }
  }
  for (const uid of namesIn(join(scratch, "uids"))) {
    const claim = join(scratch, "uids", uid);
    if (ownerHasDied(readOrEmpty(claim))) {
      rmSync(claim, { force: true });
    }
  }
}

/** `packrun.` + the owner's five parts + the slot's own name. */
function ownerIn(name: string): string {
  return name.slice(CGROUP_PREFIX.length).split(".").slice(0, 5).join(".");
}

async function removeCgroup(folder: string): Promise<void> {
  for (let round = 0; round < 100; round += 1) {
    for (const pid of readPids(join(folder, "cgroup.procs"))) {
      tryKill(pid);
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
