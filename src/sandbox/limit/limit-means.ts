import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { allowedCpus } from "./allowed-cpus.ts";
import { findCgroups, type CgroupHost } from "../cgroup/cgroup-host.ts";
import { countsPerNamespace } from "./process-limit.ts";

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

export function findMeans(cgroups: CgroupHost = findCgroups()): LimitMeans {
  const taskset = ["/usr/bin/taskset", "/bin/taskset"].find((path) => existsSync(path));
  return {
    cgroups,
    cpus: allowedCpus(readFileSync("/proc/self/status", "latin1")),
    processLimit: process.getuid?.() === 0 || countsPerNamespace(release()),
    ...(taskset === undefined ? {} : { taskset }),
  };
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
