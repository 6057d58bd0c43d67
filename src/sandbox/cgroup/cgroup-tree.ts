import { accessSync, constants, existsSync, mkdirSync, rmdirSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { CGROUP_PREFIX } from "./cgroup.ts";
import { readPids, readText, tryWrite, write } from "./cgroup-file.ts";
import { ownV2Cgroup, SELF_LEAF, type CgroupMount } from "./cgroup-mounts.ts";
import { ownerName } from "../watch/process-identity.ts";

/** What we limit with, the needed ones first. Without `cpu` CPUs are limited in another way, `io` only measures. */
const CONTROLLERS = ["memory", "pids", "cpu", "io"] as const;
type Controller = (typeof CONTROLLERS)[number];

/** A cgroup of version 2 below which cgroups with limits can be made. */
export type CgroupTree = { readonly base: string; readonly controllers: readonly Controller[] };

/**
 * Looks for, or makes, the cgroup in which those of steps will stand.
 * Root makes a subtree of its own next to the runner's cgroup, so that whatever bounds the runner's surroundings bounds
 * the steps, too; at the top where there is no such place. A user needs the runner's own cgroup to be delegated.
 */
export function findCgroupTree(mounts: readonly CgroupMount[]): CgroupTree | undefined {
  const place = ownV2Cgroup(mounts);
  if (place === undefined) {
    return undefined;
  }
  const { mount, own } = place;
  if (process.getuid?.() === 0) {
    const parents = own === mount ? [mount] : [dirname(own), mount];
    for (const parent of new Set(parents)) {
      const tree = makeSubtree(mount, parent);
      if (tree !== undefined) {
        return tree;
      }
    }
  }
  return takeOwn(own);
}

/** Ours to remove when the runner ends; a delegated cgroup is not. */
function isSubtree(base: string): boolean {
  return basename(base).startsWith(`${CGROUP_PREFIX}r.`);
}

/** A subtree that another runner of this process has removed meanwhile is made again. */
export function restoreCgroupTree({ base, controllers }: CgroupTree): void {
  if (isSubtree(base) && !existsSync(base)) {
    mkdirSync(base);
    controllers.forEach((each) => tryWrite(join(base, "cgroup.subtree_control"), `+${each}`));
  }
}

export function removeCgroupTree({ base }: CgroupTree): void {
  if (isSubtree(base)) {
    try {
      rmdirSync(base);
    } catch {
      // Another runner of this process has cgroups there; the last one removes it.
    }
  }
}

/** The folders that hold cgroups of ours, for the janitor. */
export function treeParents({ base }: CgroupTree): readonly string[] {
  return isSubtree(base) ? [dirname(base), base] : [base];
}

function makeSubtree(mount: string, parent: string): CgroupTree | undefined {
  const base = join(parent, `${CGROUP_PREFIX}${ownerName()}`);
  try {
    // Controllers reach a cgroup only when all above it pass them on.
    const steps = relative(mount, parent).split("/").filter(Boolean);
    for (let at = 0; at <= steps.length; at += 1) {
      passOn(join(mount, ...steps.slice(0, at)));
    }
    mkdirSync(base, { recursive: true });
    const tree = treeAt(base, passOn(base));
    if (tree === undefined) {
      rmdirSync(base);
    }
    return tree;
  } catch {
    return undefined;
  }
}

/** A cgroup with processes cannot have children with limits: those of this one move into a leaf. */
function takeOwn(own: string): CgroupTree | undefined {
  try {
    accessSync(join(own, "cgroup.subtree_control"), constants.W_OK);
    const ready = treeAt(own, passedOn(own));
    if (ready !== undefined) {
      return ready;
    }
    const offered = readText(join(own, "cgroup.controllers")).split(" ");
    if (!offered.includes("memory") || !offered.includes("pids")) {
      return undefined;
    }
    const leaf = join(own, SELF_LEAF);
    mkdirSync(leaf, { recursive: true });
    readPids(join(own, "cgroup.procs"))?.forEach((pid) => write(join(leaf, "cgroup.procs"), pid));
    return treeAt(own, passOn(own));
  } catch {
    return undefined;
  }
}

/**
 * Passes on to children what can be passed on, one by one: some kernels and some hosts keep `cpu` back. Memory comes first
 * and must go well: a cgroup with processes would take `pids` and `cpu`, and then be no place for processes of children.
 */
function passOn(folder: string): readonly Controller[] {
  const control = join(folder, "cgroup.subtree_control");
  const [first, ...others] = CONTROLLERS;
  if (passedOn(folder).includes(first) || tryWrite(control, `+${first}`)) {
    others.forEach((each) => tryWrite(control, `+${each}`));
  }
  return passedOn(folder);
}

function passedOn(folder: string): readonly Controller[] {
  const passed = readText(join(folder, "cgroup.subtree_control")).split(" ");
  return CONTROLLERS.filter((each) => passed.includes(each));
}

function treeAt(base: string, controllers: readonly Controller[]): CgroupTree | undefined {
  return controllers.includes("memory") && controllers.includes("pids") && takesFolders(base)
    ? { base, controllers }
    : undefined;
}

/** Whether this process may make cgroups there: really tried. */
export function takesFolders(folder: string): boolean {
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
