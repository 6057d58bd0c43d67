import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Sandbox } from "#plan/plan.ts";
import type { HostFinding } from "#port/host-finding.ts";
import type { StepRunner } from "#port/step-runner.ts";
import { MIB, openRig, reasonOf, type Rig } from "./sandbox-rig.ts";

const asRoot = process.getuid?.() === 0;
const options = { skip: asRoot ? false : "only root puts files where every step sees them" };
const limits = { cpus: 1, memoryBytes: 64 * MIB, pids: 32, logBytes: MIB, artifactBytes: MIB };
const restricted: Sandbox = { mode: "restricted", egressAllowlist: [], limits };

/** A folder of the host that restricted shows, with state of a runner in it. */
function shownFolder(t: Test): string {
  const folder = mkdtempSync("/opt/packrun-shown-");
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "state"));
  for (const name of ["bin/tool", "state/tool"]) {
    writeFileSync(join(folder, name), '#!/bin/sh\necho "of the host: $*"\n');
    chmodSync(join(folder, name), 0o755);
  }
  writeFileSync(join(folder, "data"), "plain data");
  return folder;
}

const rigOn = (t: Test, folder: string, masks: string[] = [join(folder, "state")]): Rig =>
  openRig(t, { masks: () => masks });

t.test("a program of the host outside /usr is run by its path, and its digest taken", options, async (t) => {
  const folder = shownFolder(t);
  const rig = rigOn(t, folder);
  const tool = `${folder}/bin/tool`;
  const command = (path: string) => ({ kind: "command", argv: [path, "a b"] }) as const;
  const ran = await rig.run({ mode: "restricted", program: command(tool) });
  t.equal(ran.stdout, "of the host: a b\n");
  t.match(ran.prepared.exe, { path: tool, digest: /^sha256:[0-9a-f]{64}$/ });
  t.equal(ran.prepared.enforced.mode, "restricted");
  const hidden = await rig.run({ mode: "restricted", program: command(`${folder}/state/tool`) });
  t.equal(reasonOf(hidden.outcome), "STEP_EXIT");
  t.equal(hidden.prepared.exe, undefined, "what the step cannot see has no digest");
  const sealed = await rig.run({ mode: "sealed", program: command(tool) });
  t.match(sealed, { stdout: "", prepared: { exe: undefined, enforced: { mode: "sealed" } } });
  const onPath = await rig.run({ mode: "restricted", program: { kind: "command", argv: ["printf", "x"] } });
  t.equal(onPath.prepared.exe?.path, "/usr/bin/printf");
});

t.test("a step that is narrowed to sealed sees nothing of what the others of its run see", options, async (t) => {
  const folder = shownFolder(t);
  const rig = rigOn(t, folder);
  const script = `cat ${folder}/data 2>/dev/null || echo nothing`;
  t.equal((await rig.run({ mode: "restricted", script })).stdout, "plain data");
  t.equal((await rig.run({ mode: "sealed", script })).stdout, "nothing\n");
  t.equal((await rig.run({ mode: "restricted", script })).stdout, "plain data", "and so in turn");
});

t.test("paths, environment, user and what is writable are the same as in sealed", async (t) => {
  const rig = openRig(t);
  const input = rig.stage("files/report.txt", "hello");
  const wanted = {
    script: [
      "env | sort; pwd; id; hostname; cat /etc/passwd /etc/hosts; ls /run /run/packrun",
      'stat -c \'%a %n\' /run/packrun /tmp /tmp/home /dev/shm; ls -A /dev | sort; cat; cat "$PACKRUN_IN/sbom" "$KEY"',
      'for d in / /etc /usr /run /run/packrun /dev /var /tmp /dev/shm . ; do (: >$d/x) 2>/dev/null && echo "writes $d"; done',
      '"$PACKRUN_PACK/tool.sh"; echo "{}" >"$PACKRUN_OUTPUT"',
    ].join("\n"),
    stdin: "from stdin\n",
    secretFiles: { KEY: "a key in a file" },
    mounts: [{ hostPath: input, at: "/run/packrun/in/sbom" }],
  };
  const [sealed, open] = [await rig.run(wanted), await rig.run({ ...wanted, mode: "restricted" as const })];
  t.equal(sealed.outcome.kind, "succeeded", sealed.stderr);
  t.equal(open.stdout, sealed.stdout);
  t.match(open.stdout, /writes \/tmp\nwrites \/dev\/shm\nwrites \.\ntool/);
  t.match(open.stdout, /hello/);
  const paths = await rig.run({ mode: "restricted", script: "ls -d /var/tmp/home /var/run/packrun" });
  t.equal(paths.stdout, "/var/run/packrun\n/var/tmp/home\n");
});

t.test("connected pairs of sockets work, sockets with a name only where nothing of the host shows", async (t) => {
  const rig = openRig(t);
  const script = (made: string): string => `perl -MSocket -e '${made} ? print "made\\n" : print "refused\\n"'`;
  const socket = script("socket(my $s, AF_UNIX, SOCK_STREAM, 0)");
  t.equal((await rig.run({ script: socket })).stdout, "made\n");
  t.equal((await rig.run({ script: socket, mode: "restricted" })).stdout, "refused\n");
  const pair = script("socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0)");
  t.equal((await rig.run({ script: pair, mode: "restricted" })).stdout, "made\n");
});

t.test("what becomes secret while a run goes on is hidden from the next step", options, async (t) => {
  const folder = shownFolder(t);
  const masks: string[] = [join(folder, "later")];
  const rig = rigOn(t, folder, masks);
  const script = `cat ${folder}/data ${folder}/later/x 2>/dev/null || true; echo`;
  t.equal((await rig.run({ mode: "restricted", script })).stdout, "plain data\n");
  mkdirSync(join(folder, "later"));
  writeFileSync(join(folder, "later/x"), "made later");
  t.equal((await rig.run({ mode: "restricted", script })).stdout, "plain data\n");
  masks.push(join(folder, "data"));
  t.equal((await rig.run({ mode: "restricted", script })).stdout, "\n");
});

t.test("state below /usr is hidden from sealed steps too", options, async (t) => {
  const folder = mkdtempSync("/usr/local/lib/packrun-state-");
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, "secret"), "seen");
  const script = `cat ${folder}/secret 2>/dev/null || true; echo done`;
  t.equal((await openRig(t).run({ script })).stdout, "seendone\n");
  const rig = openRig(t, { masks: () => [folder] });
  t.equal((await rig.run({ script })).stdout, "done\n");
  t.equal((await rig.run({ script, mode: "restricted" })).stdout, "done\n");
});

t.test("state that cannot be hidden without all programs refuses the run", async (t) => {
  for (const mask of ["/", "/usr", "/etc", "/usr/bin"]) {
    const answer = await openRig(t, { masks: () => [mask] }).runner.admit(restricted);
    t.match(answer, { ok: false, fault: { code: "SANDBOX_UNAVAILABLE", message: /cannot be hidden/ } }, mask);
  }
});

t.test("restricted takes a watchdog where sealed asks for the kernel, unless the plan says otherwise", async (t) => {
  const rig = openRig(t, { cgroups: { kind: "v1", folders: { cpu: "/sys/fs/cgroup/cpu" } } });
  t.match(await rig.runner.admit(restricted), { ok: true });
  const refused = { ok: false, fault: { code: "LIMIT_UNENFORCEABLE" } };
  t.match(await rig.runner.admit({ ...restricted, mode: "sealed" }), refused);
  const strict = { ...limits, minEnforcement: "kernel-tree" } as const;
  t.match(await rig.runner.admit({ ...restricted, limits: strict }), refused);
});

t.test("a sandbox in which the runner's state shows is refused", options, async (t) => {
  const folder = shownFolder(t);
  const rig = openRig(t);
  // The real one, but it forgets to cover what lies below /opt.
  const forgetful = rig.stage("bin/bwrap", forgetfulBwrap("/opt/"), 0o755);
  const leaky = openRig(t, { bwrap: forgetful, masks: () => [join(folder, "state")] });
  t.match(await leaky.runner.admit(restricted), {
    ok: false,
    fault: { code: "SANDBOX_UNAVAILABLE", message: `does not hold: a step can see ${folder}/state` },
  });
  t.match(await leaky.runner.admit({ ...restricted, mode: "sealed" }), { ok: true }, "sealed shows nothing there");
  const found = async (runner: StepRunner): Promise<HostFinding | undefined> =>
    (await runner.examine()).find(({ name }) => name === "mode restricted");
  t.match(await found(rig.runner), { status: "ok" });
  t.match(await found(leaky.runner), { status: "warn", text: /can see/ });
});

function forgetfulBwrap(below: string): string {
  return `#!/usr/bin/perl
use POSIX;
exec "/usr/bin/bwrap", @ARGV if $ARGV[0] eq "--version";
open(my $in, "<&=", 3); local $/; my @given = split /\\0/, <$in>; my @kept;
while (@given) {
  my $word = shift @given;
  if (($word eq "--tmpfs" || $word eq "--remount-ro") && $given[0] =~ m{^${below}}) { shift @given; next; }
  push @kept, $word;
}
my @clean;
for (my $at = 0; $at < @kept; $at++) {
  if ($kept[$at] eq "--size" && $kept[$at + 2] eq "--perms" && $kept[$at + 4] ne "--tmpfs") { $at += 3; next; }
  push @clean, $kept[$at];
}
pipe(my $out, my $write); syswrite $write, join("", map { "$_\\0" } @clean); close $write;
POSIX::dup2(fileno($out), 3);
exec "/usr/bin/bwrap", @ARGV;
`;
}
