import t from "tap";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok } from "#fault/result.ts";
import type { HostFinding } from "#port/host-finding.ts";
import { sandboxCodes } from "../../../src/sandbox/codes.ts";
import type { HostFacts } from "../../../src/sandbox/host/host-facts.ts";
import { hostFindings, type Examined } from "../../../src/sandbox/host/host-findings.ts";
import { UNMASK_PROC, installRemedy, limitRemedy, setUpRemedy } from "../../../src/sandbox/host/host-remedy.ts";
import { lackOf, limitFault } from "../../../src/sandbox/limit/limit-enforcement.ts";
import type { LimitMeans } from "../../../src/sandbox/limit/limit-means.ts";
import { unavailable } from "../../../src/sandbox/host/unavailable.ts";
import { bestForm, type SandboxForm } from "../../../src/sandbox/root/sandbox-form.ts";
import { judgeScope, type UserScope } from "../../../src/sandbox/limit/scope-judgement.ts";

const GIB = 1024 ** 3;

const facts: HostFacts = {
  platform: "linux",
  arch: "x64",
  kernel: "6.1.0",
  uid: 1000,
  osRelease: "ID=debian\nVERSION_ID=12",
  container: false,
  sysctls: {},
  filtered: false,
  profile: "",
  procCovered: false,
  cgroups: { version: "v2", own: ["memory", "pids", "cpu"] },
};

const means: LimitMeans = {
  cgroups: { kind: "v2", base: "/sys/fs/cgroup/x", controllers: ["memory", "pids", "cpu", "io"] },
  cpus: [0, 1],
  taskset: "/usr/bin/taskset",
  processLimit: true,
};
const bare: LimitMeans = { ...means, cgroups: { kind: "none" } };

const good: Examined = {
  facts,
  tool: ok("bubblewrap 0.8.0"),
  trials: everywhere(bestForm),
  means,
  limitRemedy: "do something",
  scratch: { path: "/var/tmp/packrun-1000", space: { freeBytes: 50 * GIB, totalBytes: 100 * GIB } },
};

function found(examined: Partial<Examined>): Readonly<Record<string, HostFinding>> {
  return Object.fromEntries(hostFindings({ ...good, ...examined }).map((finding) => [finding.name, finding]));
}

const brokenTrials = (hint: string): Examined["trials"] => {
  const broken = fail(unavailable("bubblewrap could not build the sandbox", hint));
  return { sealed: broken, restricted: broken, wayOut: broken };
};

t.test("a host on which everything holds has a line for everything, and each is fine", async (t) => {
  const findings = hostFindings(good);
  t.strictSame(
    findings.map(({ name }) => name),
    [
      "platform",
      "bubblewrap",
      "mode sealed",
      "mode restricted",
      "way out",
      "user namespaces",
      "/proc",
      "step user",
      "cgroups",
      ...["artifactBytes", "coreBytes", "cpus", "diskBytes", "fileBytes", "logBytes", "memoryBytes"].map(
        (name) => `limit ${name}`,
      ),
      ...["openFiles", "pids", "timeoutMs", "wallClockMs"].map((name) => `limit ${name}`),
      "scratch",
    ],
  );
  t.ok(findings.every(({ status, remedy }) => status === "ok" && remedy === undefined));
  t.match(found({})["scratch"], { text: "/var/tmp/packrun-1000: 50 GiB of 100 GiB free" });
  t.match(found({ facts: { ...facts, uid: 0 } })["step user"], { text: /a user of its own from 64000 on/ });
  t.match(found({ facts: { ...facts, container: true } })["platform"], { text: /in a container/ });
});

t.test("macOS and other machines cannot run steps, and are told what works there", async (t) => {
  const other = { ...facts, platform: "darwin", arch: "arm64", kernel: "25.0.0" };
  const { trials: _, means: __, ...untried } = good;
  const tool = fail(unavailable("steps run on Linux", "use Linux"));
  const findings = hostFindings({ ...untried, tool, facts: other, scratch: { path: "/x" } });
  t.match(findings, [
    {
      name: "platform",
      status: "fail",
      exitCode: 8,
      text: /darwin on arm64/,
      remedy: /lint, plan, simulate and verify/,
    },
  ]);
  t.equal(findings.length, 1, "nothing about bubblewrap, which is not there for it");
  t.match(found({ facts: { ...facts, arch: "riscv64" } })["platform"], { status: "fail" });
});

t.test("bubblewrap that is absent or too old is named with how to install it here", async (t) => {
  const { trials: _, ...untried } = good;
  const absent = hostFindings({
    ...untried,
    tool: fail(unavailable("bubblewrap is not installed", installRemedy(facts))),
  });
  t.match(absent[1], { name: "bubblewrap", status: "fail", exitCode: 8, remedy: "install it: apt install bubblewrap" });
  t.ok(
    absent.some(({ name }) => name === "limit memoryBytes"),
    "limits are told all the same",
  );
  t.match(installRemedy({ osRelease: "ID=fedora" }), /dnf/);
  t.match(installRemedy({ osRelease: 'ID="rocky"\nID_LIKE="rhel centos fedora"' }), /dnf/);
  t.match(installRemedy({ osRelease: "ID=alpine" }), /apk/);
  t.match(installRemedy({ osRelease: "ID=manjaro\nID_LIKE=arch" }), /pacman/);
  t.match(installRemedy({ osRelease: "" }), /0\.8 or later/);
  const old = fail(unavailable("bubblewrap 0.4.1 is too old", "install bubblewrap 0.8 or later"));
  t.match(hostFindings({ ...untried, tool: old })[1], { status: "fail", text: /0\.4\.1 is too old/, remedy: /0\.8/ });
});

t.test("whatever forbids user namespaces is named, with its way out", async (t) => {
  const said = "bwrap: setting up uid map: Permission denied";
  const forbidden: readonly (readonly [Partial<HostFacts>, RegExp])[] = [
    [{ sysctls: { "kernel/apparmor_restrict_unprivileged_userns": "1" } }, /AppArmor.*bwrap-userns-restrict/],
    [{ sysctls: { "kernel/unprivileged_userns_clone": "0" } }, /sysctl kernel\.unprivileged_userns_clone=1/],
    [{ sysctls: { "user/max_user_namespaces": "0" } }, /sysctl user\.max_user_namespaces/],
    [{ container: true, filtered: true }, /seccomp=unconfined --security-opt systempaths=unconfined`/],
    [{ container: true, filtered: true, profile: "docker-default (enforce)" }, /opt apparmor=unconfined`/],
  ];
  for (const [less, remedy] of forbidden) {
    const host = { ...facts, ...less };
    t.match(setUpRemedy(said, host), remedy);
    const findings = found({ facts: host, ...withTrials(brokenTrials(setUpRemedy(said, host))) });
    t.match(findings["mode sealed"], { status: "fail", exitCode: 8, remedy });
    t.match(findings["user namespaces"], { status: "fail", exitCode: 8, remedy });
    t.match(found({ facts: host })["user namespaces"], { status: "ok" }, "what was tried counts more");
  }
  t.match(setUpRemedy(said, facts), /allow user namespaces for bubblewrap/);
  t.match(setUpRemedy("something else", facts), /doctor/);
  const mount = "bwrap: Failed to make / slave: Permission denied";
  const inside = { ...facts, container: true };
  t.match(
    setUpRemedy(mount, { ...inside, profile: "docker-default (enforce)" }),
    /`--security-opt apparmor=unconfined`/,
  );
  t.match(setUpRemedy(mount, { ...inside, profile: "u:r:container_t:s0" }), /`--security-opt label=disable`/);
  t.match(setUpRemedy(mount, { ...inside, profile: "unconfined" }), /doctor/);
  const name = "bwrap: Can't set hostname to packrun: Operation not permitted";
  t.match(setUpRemedy(name, { ...facts, filtered: true }), /ProtectHostname=no/);
  t.match(setUpRemedy(name, { ...inside, filtered: true }), /seccomp=unconfined/);
  const unknown = found(withTrials(brokenTrials("?")));
  t.match(unknown["user namespaces"], { status: "ok", text: /nothing is known to forbid/ });
});

t.test("a covered /proc is told, and so is the host's where the operator shows it", async (t) => {
  const covered = { ...facts, container: true, procCovered: true };
  const hint = setUpRemedy("bwrap: Can't mount proc on /newroot/proc: Operation not permitted", covered);
  t.equal(hint, UNMASK_PROC);
  const findings = found({ facts: covered, ...withTrials(brokenTrials(hint)) });
  t.match(findings["mode sealed"], { status: "fail", remedy: /systempaths=unconfined.*unmask=ALL.*procMount/ });
  t.notMatch(findings["mode sealed"], { remedy: /proc: host/ }, "nothing is advised that was not tried");
  t.match(findings["/proc"], { status: "warn", text: "parts of this one are covered" });
  t.match(found({ trials: everywhere({ ...bestForm, proc: "host" }) })["/proc"], {
    status: "warn",
    text: /steps see this host's, read-only/,
  });
});

t.test("a filter that stands alone against new user namespaces is told", async (t) => {
  t.match(found({})["user namespaces"], { status: "ok", text: /steps may not/ });
  t.match(found({ trials: everywhere({ ...bestForm, userNamespaces: "filter" }) })["user namespaces"], {
    status: "warn",
    text: /\/proc\/sys is read-only here, so no limit of the kernel stands behind the filter/,
  });
});

t.test("a mode or a way out that does not hold is a warning: not every pack needs it", async (t) => {
  const broken = fail(unavailable("a step can see /root", "do not run steps here"));
  const findings = found({ trials: { sealed: ok(bestForm), restricted: broken, wayOut: broken } });
  t.match(findings["mode sealed"], { status: "ok" });
  for (const name of ["mode restricted", "way out"]) {
    t.match(findings[name], { status: "warn", text: /a step can see \/root/, remedy: "do not run steps here" });
    t.notOk(findings[name]?.exitCode);
  }
});

t.test("limits that no cgroup holds are warned of with the very remedy of the refusal", async (t) => {
  const impossible: UserScope = {
    kind: "impossible",
    why: "no systemd of this user runs (/run/user/1)",
    remedy: "log in",
  };
  const hosts: readonly (readonly [Partial<HostFacts>, UserScope | undefined, RegExp])[] = [
    [{}, { kind: "possible", argv: [], env: {} }, /inside `systemd-run --user --scope -p Delegate=yes`/],
    [{}, impossible, /^no systemd of this user runs \(\/run\/user\/1\): log in/],
    [{}, judgeScope("cpu io", [], {}), /passes no memory and pids controller on.*systemctl edit user@\.service/],
    [{ cgroups: { version: "v1", own: ["memory"] } }, undefined, /unified_cgroup_hierarchy/],
    [{ cgroups: { version: "none", own: [] } }, undefined, /cgroup_disable/],
    [{ cgroups: { version: "none", own: [] }, container: true }, undefined, /mount cgroups in this container/],
    [{ uid: 0 }, undefined, /mount the cgroup controllers/],
    [{ uid: 0, container: true }, undefined, /`--cgroupns=private --security-opt writable-cgroups=true`/],
    [{ container: true }, undefined, /`--user 0 --cgroupns=private .*podman: `--user 0 --security-opt unmask=/],
    [{ container: true, cgroups: { version: "v1", own: ["memory"] } }, undefined, /cannot safely be given/],
  ];
  const limits = { cpus: 1, memoryBytes: GIB, pids: 9, logBytes: 1, artifactBytes: 1 };
  for (const [less, scope, words] of hosts) {
    const remedy = limitRemedy({ ...facts, ...less }, scope);
    t.match(remedy, words);
    const findings = found({ means: bare, limitRemedy: remedy });
    t.match(findings["cgroups"], { status: "warn", text: "none can be written", remedy });
    const lack = lackOf(bare, { mode: "sealed", limits });
    t.ok(lack);
    const refusal = lack && limitFault(lack, remedy);
    for (const limit of ["memoryBytes", "pids", "cpus"]) {
      t.match(findings[`limit ${limit}`], { status: "warn", remedy: refusal?.hint });
    }
    t.match(findings["limit logBytes"], { status: "ok", text: /^watchdog by / });
  }
  t.match(judgeScope("cpu io memory pids", ["systemd-run"], {}), { kind: "possible" });
  const v1 = { ...means, cgroups: { kind: "v1", folders: { memory: "/m", pids: "/p" } } } as const;
  t.match(found({ means: v1 }), {
    cgroups: { status: "ok", text: "version 1: memory, pids" },
    "limit cpus": { status: "warn", text: /^kernel-process by CPU affinity/ },
    "limit memoryBytes": { status: "ok", text: /^kernel-tree by cgroup v1/ },
  });
});

t.test("a scratch disk with too little room fails as a step would", async (t) => {
  const space = { freeBytes: GIB / 2, totalBytes: 100 * GIB };
  t.match(found({ scratch: { path: "/s", space } })["scratch"], {
    status: "fail",
    exitCode: sandboxCodes.STEP_DISK.exitCode,
    text: "/s: 512 MiB of 100 GiB free: less than 1 GiB is free",
    remedy: /1 GiB and room for files have to stay free; or set sandbox\.scratch/,
  });
  t.notOk(found({ scratch: { path: "/s" } })["scratch"], "a folder that is not there yet");
  t.equal(faultOf(sandboxCodes, "STEP_DISK", { problem: "x" }).code, "STEP_DISK");
});

function everywhere(form: SandboxForm): NonNullable<Examined["trials"]> {
  return { sealed: ok(form), restricted: ok(form), wayOut: ok(form) };
}

function withTrials(trials: Examined["trials"]): Partial<Examined> {
  return trials === undefined ? {} : { trials };
}
