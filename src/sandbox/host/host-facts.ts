import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { cgroupMounts, ownV2Cgroup } from "../cgroup/cgroup-mounts.ts";

/** What there is to know about a host before anything is tried; everything that a remedy depends on. */
export type HostFacts = {
  readonly platform: string;
  readonly arch: string;
  /** As `uname -r` says. */
  readonly kernel: string;
  readonly uid: number;
  /** Text of /etc/os-release. */
  readonly osRelease: string;
  readonly container: boolean;
  /** Files that show what a user may do with namespaces, by their names below /proc/sys; absent ones are left out. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** True when a system call filter of others is in force here, as in most containers. */
  readonly filtered: boolean;
  /** The AppArmor or SELinux profile of this process, as /proc/self/attr/current says; empty where there is none. */
  readonly profile: string;
  /** True when parts of /proc are covered by other mounts. */
  readonly procCovered: boolean;
  readonly cgroups: CgroupFacts;
};

/** `own`: controllers that the cgroup of this process may pass on, of version 2; mounted ones, of version 1. */
type CgroupFacts = { readonly version: "v1" | "v2" | "none"; readonly own: readonly string[] };

const SYSCTLS = [
  "kernel/apparmor_restrict_unprivileged_userns",
  "kernel/unprivileged_userns_clone",
  "user/max_user_namespaces",
] as const;

const CONTAINER_VARIABLES = ["container", "KUBERNETES_SERVICE_HOST"];

export function readHostFacts(): HostFacts {
  const sysctls = SYSCTLS.map((name) => [name, readText(`/proc/sys/${name}`)] as const);
  return {
    platform: process.platform,
    arch: process.arch,
    kernel: release(),
    uid: process.getuid?.() ?? 0,
    osRelease: readText("/etc/os-release"),
    container:
      existsSync("/.dockerenv") ||
      existsSync("/run/.containerenv") ||
      CONTAINER_VARIABLES.some((name) => name in process.env),
    sysctls: Object.fromEntries(sysctls.filter(([, value]) => value !== "")),
    filtered: /^Seccomp:\s*2$/m.test(readText("/proc/self/status")),
    profile: readText("/proc/self/attr/current").replaceAll("\0", ""),
    // systemd lets a folder for formats of programs, which is empty below, be mounted on every host.
    procCovered: / \/proc\/(?!sys\/fs\/binfmt_misc )\S+ /.test(readText("/proc/self/mountinfo")),
    cgroups: process.platform === "linux" ? cgroupFacts() : { version: "none", own: [] },
  };
}

function cgroupFacts(): CgroupFacts {
  const mounts = cgroupMounts();
  const place = ownV2Cgroup(mounts);
  const own = place === undefined ? [] : readText(`${place.own}/cgroup.controllers`).split(" ").filter(Boolean);
  if (own.includes("memory") || (place !== undefined && !mounts.some(({ type }) => type === "cgroup"))) {
    return { version: "v2", own };
  }
  const version1 = mounts.filter(({ type }) => type === "cgroup").flatMap(({ options }) => options);
  const mounted = ["memory", "pids", "cpu"].filter((name) => version1.includes(name));
  return mounted.length === 0 ? { version: "none", own: [] } : { version: "v1", own: mounted };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
