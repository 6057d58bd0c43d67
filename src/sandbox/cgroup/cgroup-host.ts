import { CGROUP_PREFIX, type Cgroup } from "./cgroup.ts";
import { cgroupMounts } from "./cgroup-mounts.ts";
import {
  findCgroupTree,
  removeCgroupTree,
  restoreCgroupTree,
  takesFolders,
  treeParents,
  type CgroupTree,
} from "./cgroup-tree.ts";
import { V1_CONTROLLERS, makeV1Cgroup, type V1Folders } from "./cgroup-v1.ts";
import { makeV2Cgroup } from "./cgroup-v2.ts";

/** How this host lets us limit whole process trees. */
export type CgroupHost =
  | { readonly kind: "v1"; readonly folders: V1Folders }
  | ({ readonly kind: "v2" } & CgroupTree)
  | { readonly kind: "none" };

/** Looks for cgroups that this process may make and write: v2 first, then v1. */
export function findCgroups(): CgroupHost {
  const mounts = cgroupMounts();
  const tree = findCgroupTree(mounts);
  if (tree !== undefined) {
    return { kind: "v2", ...tree };
  }
  const folders: { -readonly [K in keyof V1Folders]: string } = {};
  for (const controller of V1_CONTROLLERS) {
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
      restoreCgroupTree(host);
      return makeV2Cgroup(host, `${CGROUP_PREFIX}${name}`);
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
      return treeParents(host);
    case "none":
      return [];
  }
}

/** Takes away what `findCgroups` made, when nothing of ours is in it any more. */
export function leaveCgroups(host: CgroupHost): void {
  if (host.kind === "v2") {
    removeCgroupTree(host);
  }
}
