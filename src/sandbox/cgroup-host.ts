import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { CGROUP_PREFIX, type Cgroup } from "./cgroup.ts";
import { readPids, readText, tryWrite, write } from "./cgroup-file.ts";
import { makeV1Cgroup, type V1Folders } from "./cgroup-v1.ts";
import { makeV2Cgroup } from "./cgroup-v2.ts";

/** How this host lets us limit whole process trees. */
export type CgroupHost =
  | { readonly kind: "v1"; readonly folders: V1Folders }
  | { readonly kind: "v2"; readonly base: string }
  | { readonly kind: "none" };

const CONTROLLERS = ["memory", "pids", "cpu"] as const;

/** Looks for cgroups that this process may make and write: v2 first, then v1. */
export function findCgroups(): CgroupHost {
  const mounts = cgroupMounts();
  const unified = mounts.find((mount) => mount.type === "cgroup2");
  if (unified !== undefined) {
    for (const base of v2Bases(unified.at)) {
      if (delegate(base)) {
        return { kind: "v2", base };
      }
    }
  }
  const folders: { -readonly [K in keyof V1Folders]: string } = {};
  for (const controller of [...CONTROLLERS, "cpuacct"] as const) {
    const mount = mounts.find(({ type, options }) => type === "cgroup" && options.includes(controller));
    if (mount !== undefined && takesFolders(mount.at)) {
      folders[controller] = mount.at;
    }
  }
  return Object.keys(folders).length === 0 ? { kind: "none" } : { kind: "v1", folders };
}

/** Undefined where there are no cgroups for us. */
export function makeCgroup(host: CgroupHost, name: string): Cgroup | undefined {
  switch (host.kind) {
    case "v1":
      return makeV1Cgroup(host.folders, `${CGROUP_PREFIX}${name}`);
    case "v2":
      return makeV2Cgroup(host.base, `${CGROUP_PREFIX}${name}`);
    case "none":
      return undefined;
  }
}

/** The folders in which our cgroups stand, for the janitor. */
export function cgroupParents(host: CgroupHost): readonly string[] {
  switch (host.kind) {
    case "v1":
      return [...new Set(Object.values(host.folders))];
    case "v2":
      return [host.base];
    case "none":
      return [];
  }
}

type Mount = { readonly at: string; readonly type: string; readonly options: readonly string[] };

/** proc_pid_mountinfo(5): the type and the controllers stand behind the separator ` - `. */
function cgroupMounts(): readonly Mount[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line): readonly Mount[] => {
      const [left = "", right = ""] = line.split(" - ");
      const [type = "", , options = ""] = right.split(" ");
      const at = left.split(" ")[4];
      return at !== undefined && type.startsWith("cgroup") ? [{ at, type, options: options.split(",") }] : [];
    });
}

/** Root makes a subtree at the top; a user needs the cgroup of the process itself to be delegated (systemd scope). */
function v2Bases(mount: string): readonly string[] {
  const own = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
  const mine = join(mount, own.replace(/\/packrun\.self$/, ""));
  return process.getuid?.() === 0 ? [join(mount, "packrun"), mine] : [mine];
}

/**
 * Makes children of `base` controllable. A cgroup with processes of its own cannot have such children, so those of a
 * delegated one (this process and what started it inside) move into a leaf.
 */
function delegate(base: string): boolean {
  try {
    if (!existsSync(base)) {
      const parent = dirname(base);
      if (!offers(parent)) {
        return false;
      }
      tryWrite(join(parent, "cgroup.subtree_control"), CONTROLLERS.map((each) => `+${each}`).join(" "));
      mkdirSync(base);
    }
    if (!offers(base)) {
      return false;
    }
    const control = join(base, "cgroup.subtree_control");
    const wanted = CONTROLLERS.map((each) => `+${each}`).join(" ");
    if (!tryWrite(control, wanted)) {
      if (process.getuid?.() === 0) {
        return false;
      }
      const leaf = join(base, "packrun.self");
      mkdirSync(leaf, { recursive: true });
      readPids(join(base, "cgroup.procs")).forEach((pid) => write(join(leaf, "cgroup.procs"), pid));
      write(control, wanted);
    }
    tryWrite(control, "+io");
    return takesFolders(base);
  } catch {
    return false;
  }
}

function offers(folder: string): boolean {
  const offered = readText(join(folder, "cgroup.controllers")).split(" ");
  return CONTROLLERS.every((each) => offered.includes(each));
}

function takesFolders(folder: string): boolean {
  const probe = join(folder, `${CGROUP_PREFIX}probe.${process.pid}`);
  try {
    accessSync(folder, constants.W_OK);
    mkdirSync(probe);
    rmdirSync(probe);
    return true;
  } catch {
    return false;
  }
}
