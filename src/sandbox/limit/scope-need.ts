import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ownV2Cgroup } from "../cgroup/cgroup-mounts.ts";

/** True for a plain user on cgroups of version 2 whose own cgroup does not pass controllers on yet. */
export function needsScope(): boolean {
  if (process.platform !== "linux" || process.getuid?.() === 0) {
    return false;
  }
  const place = ownV2Cgroup();
  if (place === undefined || !existsSync(join(place.mount, "cgroup.controllers"))) {
    return false;
  }
  try {
    const control = join(place.own, "cgroup.subtree_control");
    accessSync(control, constants.W_OK);
    const passed = readFileSync(control, "latin1").trim().split(" ");
    return !passed.includes("memory") || !passed.includes("pids");
  } catch {
    return true;
  }
}
