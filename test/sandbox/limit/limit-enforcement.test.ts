import t from "tap";
import type { CgroupHost } from "../../../src/sandbox/cgroup/cgroup-host.ts";
import { allEnforcers, enforcementsOf, lackOf, limitFault } from "../../../src/sandbox/limit/limit-enforcement.ts";
import { allowedCpus } from "../../../src/sandbox/limit/allowed-cpus.ts";
import { cpuListFor, type LimitMeans } from "../../../src/sandbox/limit/limit-means.ts";
import { countsPerNamespace } from "../../../src/sandbox/limit/process-limit.ts";
import { MIB } from "../sandbox-rig.ts";

const limits = { cpus: 1.5, memoryBytes: 64 * MIB, pids: 32, logBytes: MIB, artifactBytes: 100 * MIB };
const sealed = { mode: "sealed", egressAllowlist: [], limits } as const;
const v2 = { kind: "v2", base: "/x", controllers: ["memory", "pids", "cpu", "io"] } as const;

function meansOf(cgroups: CgroupHost, less: Partial<LimitMeans> = {}): LimitMeans {
  return { cgroups, cpus: [0, 1, 2, 3], taskset: "/usr/bin/taskset", processLimit: true, ...less };
}

t.test("every limit of an attempt is recorded by name, with what was declared and who holds it", async (t) => {
  const recorded = enforcementsOf(meansOf(v2), { ...sealed, wallClockMs: 60_000 }, 5000);
  t.strictSame(recorded, {
    artifactBytes: { declared: 100 * MIB, enforcedBy: "byte counter of the runner", level: "watchdog" },
    coreBytes: { declared: 0, enforcedBy: "RLIMIT_CORE", level: "kernel-process" },
    cpus: { declared: 1.5, enforcedBy: "cgroup v2 cpu.max", level: "kernel-tree" },
    diskBytes: {
      declared: 400 * MIB,
      enforcedBy: "disk use of the working folder and free space, read every 200 ms",
      level: "watchdog",
    },
    fileBytes: { declared: 8 * 1024 * MIB, enforcedBy: "RLIMIT_FSIZE", level: "kernel-process" },
    logBytes: { declared: MIB, enforcedBy: "byte counter of the runner", level: "watchdog" },
    memoryBytes: { declared: 64 * MIB, enforcedBy: "cgroup v2 memory.max", level: "kernel-tree" },
    openFiles: { declared: 4096, enforcedBy: "RLIMIT_NOFILE", level: "kernel-process" },
    pids: { declared: 32, enforcedBy: "cgroup v2 pids.max", level: "kernel-tree" },
    timeoutMs: { declared: 5000, enforcedBy: "timer of the runner", level: "watchdog" },
    wallClockMs: { declared: 60_000, enforcedBy: "timer of the engine", level: "watchdog" },
  });
  t.strictSame(Object.keys(recorded), Object.keys(recorded).toSorted());
  t.notOk("wallClockMs" in enforcementsOf(meansOf(v2), sealed, 5000));
  t.strictSame(Object.keys(allEnforcers(meansOf(v2))), Object.keys(recorded));
});

t.test("what no cgroup holds is held by the kernel otherwise, by a watchdog, or by nothing", async (t) => {
  const none = { kind: "none" } as const;
  t.match(allEnforcers(meansOf(none)), {
    memoryBytes: { level: "watchdog" },
    pids: { level: "kernel-process", enforcedBy: /RLIMIT_NPROC/ },
    cpus: { level: "kernel-process", enforcedBy: /affinity/ },
  });
  const { taskset: _, ...untied } = meansOf(none, { processLimit: false });
  t.match(allEnforcers(untied), { pids: { level: "watchdog", enforcedBy: /counted/ }, cpus: { level: "none" } });
  const halfV1 = { kind: "v1", folders: { memory: "/m" } } as const;
  t.match(allEnforcers(meansOf(halfV1)), {
    memoryBytes: { level: "kernel-tree", enforcedBy: /v1/ },
    pids: { level: "kernel-process" },
    cpus: { level: "kernel-process" },
  });
  const wholeV1 = { kind: "v1", folders: { memory: "/m", pids: "/p", cpu: "/c" } } as const;
  t.match(allEnforcers(meansOf(wholeV1)), { pids: { enforcedBy: /v1/ }, cpus: { enforcedBy: /v1 cpu.cfs_quota_us/ } });
  const halfV2 = { ...v2, controllers: ["memory", "pids"] } as const;
  t.match(allEnforcers(meansOf(halfV2)), { memoryBytes: { level: "kernel-tree" }, cpus: { level: "kernel-process" } });
});

t.test("a limit that cannot be held as asked is named with what is there and what is needed", async (t) => {
  const none = meansOf({ kind: "none" });
  const { taskset: _, ...untied } = none;
  const with_ = (minEnforcement: "kernel-tree" | "kernel-process" | "watchdog"): typeof sealed =>
    ({ ...sealed, limits: { ...limits, minEnforcement } }) as typeof sealed;
  t.strictSame(lackOf(none, sealed), {
    limit: "memoryBytes",
    declared: "64Mi",
    have: "watchdog",
    need: "kernel-tree",
  });
  const memoryOnly = meansOf({ kind: "v1", folders: { memory: "/m" } });
  t.match(lackOf(memoryOnly, sealed), { limit: "pids", have: "kernel-process", need: "kernel-tree" });
  t.equal(lackOf(memoryOnly, with_("kernel-process")), undefined);
  t.equal(lackOf(meansOf(v2), sealed), undefined);
  const noCpu = meansOf({ ...v2, controllers: ["memory", "pids"] });
  t.equal(lackOf(noCpu, sealed), undefined, "CPUs by the piece will do, unless the plan says otherwise");
  t.match(lackOf(noCpu, with_("kernel-tree")), { limit: "cpus", have: "kernel-process", need: "kernel-tree" });
  t.equal(lackOf(untied, with_("watchdog")), undefined, "CPUs that nothing holds are taken with a watchdog");
  t.equal(lackOf(none, { ...sealed, mode: "restricted" }), undefined, "restricted takes a watchdog");
  t.match(lackOf(none, { ...with_("kernel-tree"), mode: "restricted" }), { limit: "memoryBytes" });
});

t.test("the refusal says exactly what to do", async (t) => {
  const lack = { limit: "pids", declared: 32, have: "watchdog", need: "kernel-tree" } as const;
  const fault = limitFault(lack, "do this");
  t.match(fault, { code: "LIMIT_UNENFORCEABLE", data: { limit: "pids", have: "watchdog", need: "kernel-tree" } });
  t.equal(fault.hint, "do this; or accept less with limits.minEnforcement: watchdog");
});

t.test("steps take turns on the CPUs that this process has", async (t) => {
  t.strictSame(allowedCpus("Name:\tx\nCpus_allowed_list:\t0-2,5,8-9\n"), [0, 1, 2, 5, 8, 9]);
  const means = meansOf({ kind: "none" }, { cpus: [1, 3, 5] });
  const lists = [1.2, 0.5, 2, 9].map((limit) => cpuListFor(means, limit));
  t.strictSame(
    lists.map((list) => list.split(",").length),
    [2, 1, 2, 3],
  );
  t.equal(new Set([lists[0]?.split(","), lists[1]].flat()).size, 3, "the second step has another CPU than the first");
  t.ok(["5.14.0", "6.1.0-56-amd64"].every(countsPerNamespace));
  t.notOk(["5.13.19", "4.19.0"].some(countsPerNamespace));
});
