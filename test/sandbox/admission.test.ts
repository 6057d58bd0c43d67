import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Sandbox } from "#plan/plan.ts";
import { setUpRemedy } from "../../src/sandbox/host/host-remedy.ts";
import { makeWorkspaceFolder, scratchFolder } from "../../src/sandbox/scratch-folder.ts";
import { MIB, openRig, reasonOf, valueOf } from "./sandbox-rig.ts";

const limits = { cpus: 1, memoryBytes: 64 * MIB, pids: 32, logBytes: MIB, artifactBytes: MIB };
const sealed: Sandbox = { mode: "sealed", egressAllowlist: [], limits };

t.test(
  "a sandbox that holds is reported with how each limit is enforced, and tried once per configuration",
  async (t) => {
    const rig = openRig(t);
    const findings = await rig.runner.examine();
    t.match(findings.find(({ name }) => name === "bubblewrap")?.text, /^bubblewrap \d/);
    t.ok(["memoryBytes", "pids", "cpus"].every((limit) => findings.some(({ name }) => name === `limit ${limit}`)));
    t.match(await rig.runner.admit(sealed), { ok: true });
    const cache = join(rig.scratch, "probe.json");
    utimesSync(cache, 1, 1);
    await rig.runner.close();
    valueOf(await rig.runner.admit(sealed));
    t.equal(statSync(cache).mtimeMs, 1000, "the answer was kept");
    writeFileSync(cache, '{"fingerprint": "of another kernel"}');
    await rig.runner.close();
    valueOf(await rig.runner.admit(sealed));
    t.notMatch(readFileSync(cache, "utf8"), /another kernel/);
  },
);

t.test("a host without bubblewrap, with an old one, or with one that fails is refused with a remedy", async (t) => {
  const tool = (text: string): string => {
    const path = join(t.testdir(), `bwrap-${text.length}`);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  const answer = async (bwrap: string): Promise<unknown> => openRig(t, { bwrap }).runner.admit(sealed);
  const unavailable = (message: RegExp, hint: RegExp): unknown => ({
    ok: false,
    fault: { code: "SANDBOX_UNAVAILABLE", message, hint },
  });
  t.match(await answer("/no/such/bwrap"), unavailable(/not installed/, /bubblewrap/));
  t.match(await answer(tool("echo bubblewrap 0.4.1")), unavailable(/0\.4\.1 is too old/, /0\.8/));
  const failing =
    '[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit; echo "bwrap: No permissions to create new namespace" >&2; exit 1';
  const rig = openRig(t);
  const staged = rig.stage("bin/bwrap", `#!/bin/sh\n${failing}\n`, 0o755);
  t.match(await answer(staged), unavailable(/No permissions to create new namespace/, /namespaces/));
});

t.test("a sandbox that lets something out is refused", async (t) => {
  const rig = openRig(t);
  const leaky = [
    "#!/bin/sh",
    '[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit',
    "cat <&3 >/dev/null",
    'case "$*" in *script*) echo "a step can write /etc"; echo "{ \\"exit-code\\": 41 }" >&5;; *) echo "{ \\"exit-code\\": 0 }" >&5;; esac',
  ].join("\n");
  const bwrap = rig.stage("bin/bwrap", `${leaky}\n`, 0o755);
  t.match(await openRig(t, { bwrap }).runner.admit(sealed), {
    ok: false,
    fault: { code: "SANDBOX_UNAVAILABLE", message: /does not hold: a step can write \/etc/ },
  });
});

t.test("limits that the host cannot hold as asked are refused before anything runs", async (t) => {
  const rig = openRig(t, { cgroups: { kind: "none" } });
  t.match(await rig.runner.admit(sealed), { ok: false, fault: { code: "LIMIT_UNENFORCEABLE" } });
  t.match(await rig.runner.prepare(rig.request({})), { ok: false, fault: { code: "LIMIT_UNENFORCEABLE" } });
  t.match(await rig.runner.admit({ ...sealed, limits: { ...limits, minEnforcement: "watchdog" } }), { ok: true });
});

t.test("without cgroups for memory and pids, the watchdog and the process limit do it", async (t) => {
  const cpuOnly = { kind: "v1", folders: { cpu: "/sys/fs/cgroup/cpu" } } as const;
  const rig = openRig(t, { cgroups: cpuOnly });
  const weak = { minEnforcement: "watchdog", memoryBytes: 64 * MIB, pids: 16 } as const;
  const hog = await rig.run({ script: "perl -e '$x = \"x\" x (300 << 20); sleep 20'", limits: weak });
  t.equal(reasonOf(hog.outcome), "STEP_OOM");
  t.match(hog.prepared.enforced.limits, { memoryBytes: { level: "watchdog" }, pids: { level: "kernel-process" } });
  const forks = "my $n = 1; while (1) { my $p = fork; last if !defined $p; if (!$p) { sleep 9; exit } $n++ } print $n";
  const many = await rig.run({ program: { kind: "command", argv: ["perl", "-e", forks] }, limits: weak });
  t.equal(many.stdout, "16");
  t.equal((await rig.run({ script: "echo next", limits: weak })).stdout, "next\n");
});

t.test("the remedy is that of the host's trouble", async (t) => {
  t.match(setUpRemedy("bwrap: Can't mount proc on /newroot/proc: Operation not permitted"), /systempaths/);
  t.match(setUpRemedy("bwrap: setting up uid map: Permission denied"), /namespaces|AppArmor|seccomp/);
  t.match(setUpRemedy("something else"), /doctor/);
});

t.test("a scratch folder that others could have prepared is refused", async (t) => {
  t.match(scratchFolder(), /^\/var\/tmp\/packrun-\d+$/);
  const root = t.testdir();
  mkdirSync(join(root, "open"));
  chmodSync(join(root, "open"), 0o777);
  mkdirSync(join(root, "mine"));
  symlinkSync(join(root, "mine"), join(root, "link"));
  for (const name of ["open", "link"]) {
    t.match(makeWorkspaceFolder(join(root, name)), { ok: false, fault: { code: "SANDBOX_UNAVAILABLE" } }, name);
  }
  t.match(makeWorkspaceFolder(join(root, "new")), { ok: true });
  t.equal(statSync(join(root, "new")).mode & 0o777, 0o711);
  const [one, two] = [makeWorkspaceFolder(join(root, "new")), makeWorkspaceFolder(join(root, "new"))];
  t.not(valueOf(one), valueOf(two));
});
