import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { findCgroups, type CgroupHost } from "./cgroup-host.ts";

/** With what this host can hold the limits of steps. */
export type LimitMeans = {
  readonly cgroups: CgroupHost;
  /** Numbers of the CPUs that this process may use. */
  readonly cpus: readonly number[];
  /** A program that ties another to some CPUs; absent where there is none. */
  readonly taskset?: string;
  /** RLIMIT_NPROC counts the processes of one step and no others. */
  readonly processLimit: boolean;
};

/** Since Linux 5.14 RLIMIT_NPROC counts per user namespace; before, and still for root's steps, per user. */
const COUNTS_PER_NAMESPACE = [5, 14] as const;

export function findMeans(cgroups: CgroupHost = findCgroups()): LimitMeans {
  const taskset = ["/usr/bin/taskset", "/bin/taskset"].find((path) => existsSync(path));
  return {
    cgroups,
    cpus: allowedCpus(readFileSync("/proc/self/status", "latin1")),
    processLimit: process.getuid?.() === 0 || countsPerNamespace(release()),
    ...(taskset === undefined ? {} : { taskset }),
  };
}

/** `Cpus_allowed_list` of proc_pid_status(5): `0-3,8`. */
export function allowedCpus(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? "0";
  return list.split(",").flatMap((range) => {
    const [first = 0, last = first] = range.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  });
}

export function countsPerNamespace(kernel: string): boolean {
  const [major = 0, minor = 0] = kernel.split(".").map(Number);
  const [since, sinceMinor] = COUNTS_PER_NAMESPACE;
  return major > since || (major === since && minor >= sinceMinor);
}

/** True when no cgroup holds CPUs, so that steps are tied to some of them and may not untie themselves. */
export function tiesCpus({ cgroups, taskset }: LimitMeans): boolean {
  return !holdsCpus(cgroups) && taskset !== undefined;
}

export function holdsCpus(cgroups: CgroupHost): boolean {
  switch (cgroups.kind) {
    case "v1":
      return cgroups.folders.cpu !== undefined;
    case "v2":
      return cgroups.controllers.includes("cpu");
    case "none":
      return false;
  }
}

let turn = 0;

/** The CPUs of one attempt, as `taskset -c` takes them; attempts take turns, so that they spread over the machine. */
export function cpuListFor({ cpus }: LimitMeans, limit: number): string {
  const count = Math.min(cpus.length, Math.ceil(limit));
  const first = turn;
  turn = (turn + count) % cpus.length;
  return Array.from({ length: count }, (_, at) => cpus[(first + at) % cpus.length]).join(",");
}
