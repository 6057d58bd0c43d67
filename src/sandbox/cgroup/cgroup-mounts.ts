import { readFileSync } from "node:fs";
import { join } from "node:path";

export type CgroupMount = { readonly at: string; readonly type: string; readonly options: readonly string[] };

/** proc_pid_mountinfo(5): the type and the controllers stand behind the separator ` - `. */
export function cgroupMounts(): readonly CgroupMount[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .flatMap((line): readonly CgroupMount[] => {
      const [left = "", right = ""] = line.split(" - ");
      const [type = "", , options = ""] = right.split(" ");
      const at = left.split(" ")[4];
      return at !== undefined && type.startsWith("cgroup") ? [{ at, type, options: options.split(",") }] : [];
    });
}

/** Processes that moved out of the way, so that their cgroup can have children with limits, live in a leaf of it. */
export const SELF_LEAF = "packrun.self";

/** Where cgroups of version 2 are, and the folder of this process there; of a leaf of ours, the one above. */
export function ownV2Cgroup(
  mounts: readonly CgroupMount[] = cgroupMounts(),
): { readonly mount: string; readonly own: string } | undefined {
  const mount = mounts.find(({ type }) => type === "cgroup2")?.at;
  if (mount === undefined) {
    return undefined;
  }
  const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
  return { mount, own: join(mount, path.replace(new RegExp(`/${SELF_LEAF}$`), "")) };
}
