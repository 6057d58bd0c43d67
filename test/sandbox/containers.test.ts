import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { HostFinding } from "#port/host-finding.ts";
import type { Container } from "./container.ts";
import { CANARY } from "./hosted-attacks.ts";
import { hostedPlace, type HostedPlace } from "./hosted-place.ts";
import type { HostedAnswer, HostedOrder } from "./hosted-runner.ts";

const options = { skip: process.getuid?.() === 0 ? false : "only root makes containers" };

/** RUNNER stands for the runner's process, as its container numbers it. */
const attacks = {
  "read the environment of any process but its own": `for f in /proc/[0-9]*; do [ "$(readlink "$f/ns/pid")" = "$(readlink /proc/self/ns/pid)" ] || { tr '\\0' '\\n' <"$f/environ" | grep -q . && echo "won $f"; }; done 2>/dev/null; tr '\\0' '\\n' </proc/RUNNER/environ 2>/dev/null | grep -q ${CANARY} && echo won; echo held`,
  "read the runner's memory":
    "for f in maps mem auxv; do head -c 1 /proc/RUNNER/$f 2>/dev/null | grep -q . && echo won; done; echo held",
  "follow the runner's descriptors":
    'for f in /proc/RUNNER/fd/*; do { [ -e "$f" ] || readlink "$f"; } 2>/dev/null && echo won; done; echo held',
  "reach the host by the root of any process":
    'for f in /proc/[0-9]*; do if [ -e "$f/root/proc" ] && [ "$(readlink "$f/ns/pid")" != "$(readlink /proc/self/ns/pid)" ]; then echo "won $f"; fi; done 2>/dev/null; echo held',
  "write to the kernel":
    "for f in sys/kernel/core_pattern sys/user/max_user_namespaces sys/kernel/hostname sysrq-trigger; do (echo 1 >/proc/$f) 2>/dev/null && echo won $f; done; echo held",
  // Those of its own PID namespace have a second number.
  "signal any process but its own, by number or by its folder":
    'kill -0 RUNNER 2>/dev/null && echo won; perl -e \'for (glob "/proc/[0-9]*") { open my $s, "<", "$_/status" or next; my ($n) = grep /^NSpid/, <$s>; next if split(" ", $n) > 2 or $n =~ /:\\s+\\d{1,3}$/; sysopen(my $d, $_, 0200000) or next; print "won $_\\n" if syscall(424, fileno $d, 0, 0, 0) == 0 }\'; echo held',
  "see another network": "grep -c : /proc/net/dev | grep -qx 1 && echo held",
  "unmount it, or mount another":
    "umount -l /proc 2>/dev/null && echo won; mount -t proc p /tmp 2>/dev/null && echo won; mount -o remount,rw /proc 2>/dev/null && echo won; echo held",
  "make a user namespace by a program":
    "unshare -U true 2>/dev/null && echo won; unshare -Ur true 2>/dev/null && echo won; bwrap --unshare-user --ro-bind / / true 2>/dev/null && echo won; echo held",
  // unshare, clone and clone3 with CLONE_NEWUSER, and setns to the one that it is in.
  "make a user namespace by any call":
    'perl -e \'open my $n, "<", "/proc/self/ns/user"; my $f = 0x10000000; for my $call (sub { syscall(272, $f) }, sub { syscall(56, $f | 17, 0, 0, 0, 0) }, sub { syscall(435, pack("Q11", $f, (0) x 3, 17, (0) x 6), 88) }, sub { syscall(308, fileno $n, $f) }) { print $call->() >= 0 ? "won " : $!{EPERM} ? "EPERM " : $!{ENOSYS} ? "ENOSYS " : "$! " }\' | sed "s/^EPERM EPERM ENOSYS EPERM $/held/"; echo',
} as const;
const scripts = Object.values(attacks);

const masked = /Can't mount proc/;
const advice = { unmask: /systempaths=unconfined.*unmask=ALL.*procMount: Unmasked/, show: /PACKRUN_SANDBOX_PROC=host/ };

const containers = [
  ["that Docker makes, with its root", "sealed", { uid: 0 }],
  [
    "that Docker makes, with a user that may nothing",
    "restricted",
    { uid: 10_001, capabilities: [], noNewPrivileges: true },
  ],
  ["that is made without root, with its root", "restricted", { uid: 0, usersFrom: 163_840 }],
  ["that is made without root, with a user", "sealed", { uid: 1000, usersFrom: 163_840, noNewPrivileges: true }],
] as const satisfies readonly (readonly [string, HostedOrder["mode"], Container])[];

for (const [name, mode, container] of containers) {
  t.test(`in a container ${name}, steps see its /proc if that is allowed, and cannot`, options, async (t) => {
    const place = await placeFor(t, container);
    const refused = place.run(order({}), container);
    const finding = findingOf(refused, "mode sealed");
    t.match(finding, { status: "fail", text: masked, remedy: advice.unmask });
    t.match(finding, { remedy: advice.show }, "what is advised was tried");
    const answer = place.run(order({ mode, proc: "host", scripts }), container);
    for (const name of ["mode sealed", "mode restricted", "way out"]) {
      t.match(findingOf(answer, name), { status: "ok" });
    }
    t.match(findingOf(answer, "user namespaces"), { status: "warn", text: /\/proc\/sys is read-only here/ });
    t.match(findingOf(answer, "/proc"), { status: "warn", text: /names and command lines of all processes/ });
    holds(t, answer, { mode, proc: "host", userNamespaces: "filter" });
  });
}

t.test("where a whole /proc is left in a container, only the limit on namespaces is missing", options, async (t) => {
  const container = { uid: 10_001, wholeProc: true };
  const place = await placeFor(t, container);
  const answer = place.run(order({ scripts }), container);
  t.match(findingOf(answer, "/proc"), { status: "ok" });
  t.match(findingOf(answer, "user namespaces"), { status: "warn" });
  holds(t, answer, { mode: "sealed", userNamespaces: "filter" });
  t.notMatch(answer.runs[0]?.enforced, { proc: "host" });
});

for (const [who, container] of [
  ["its root", { uid: 0, unmasked: true }],
  ["a user", { uid: 10_001, unmasked: true, capabilities: [], noNewPrivileges: true }],
  ["a root that is none outside", { uid: 0, unmasked: true, usersFrom: 163_840 }],
] as const) {
  t.test(`in a container that covers nothing, with ${who}, steps have the best form`, options, async (t) => {
    const place = await placeFor(t, container);
    const script = "grep -qs node /proc/RUNNER/status && echo won; ls /proc | grep -c '^[0-9]'";
    const answer = place.run(order({ proc: "host", scripts: [...scripts, script] }), container);
    t.match(findingOf(answer, "/proc"), { status: "ok", text: /processes of their own only/ });
    t.match(findingOf(answer, "user namespaces"), { status: "ok" });
    t.match(
      answer.runs.at(-1)?.stdout,
      /^[1-9]\n$/,
      "its own processes, and no others, although the host's are allowed",
    );
    holds(t, { ...answer, runs: answer.runs.slice(0, -1) }, { mode: "sealed" });
    t.strictSame(Object.keys(answer.runs[0]?.enforced ?? {}).toSorted(), ["limits", "mode"]);
  });
}

t.test("a form that does not hold is neither taken nor advised", options, async (t) => {
  const container = { uid: 10_001 };
  const place = await placeFor(t, container);
  const bwrap = join(place.folder, "bin/bwrap-without-filter");
  const drop = "while (@ARGV) { my $word = shift @ARGV; $word eq '--seccomp' ? shift @ARGV : push @kept, $word }";
  writeFileSync(bwrap, `#!/usr/bin/perl\n${drop}\nexec "/usr/bin/bwrap", @kept;\n`);
  chmodSync(bwrap, 0o755);
  const [careful, allowed] = [order({ bwrap }), order({ bwrap, proc: "host" })].map((each) =>
    findingOf(place.run(each, container), "mode sealed"),
  );
  t.match(careful, { status: "fail", text: masked, remedy: advice.unmask });
  t.notMatch(careful, { remedy: advice.show });
  t.match(allowed, { status: "fail", text: /does not hold: a step can make a user namespace/ });
});

for (const [who, container] of [
  ["may not start processes as other users", { uid: 0, capabilities: [], unmasked: true }],
  ["knows no other users", { uid: 0, usersFrom: 0, rootOnly: true, unmasked: true }],
] as const) {
  t.test(`a root that ${who} is told to be another user`, options, async (t) => {
    const place = await placeFor(t, container);
    t.match(findingOf(place.run(order({}), container), "mode sealed"), {
      status: "fail",
      text: /root may not start processes as other users here \(E/,
      remedy: /plain user/,
    });
  });
}

function placeFor(t: Test, { uid, usersFrom = 0 }: Container): Promise<HostedPlace> {
  const owner = usersFrom + uid;
  return hostedPlace(t, owner === 0 ? undefined : owner);
}

/** Engines give no cgroups that can be written. */
function order(more: Partial<HostedOrder>): Partial<HostedOrder> {
  return { mode: "sealed", cgroups: { kind: "none" }, limits: { minEnforcement: "watchdog" }, ...more };
}

function holds(t: Test, { runs }: HostedAnswer, enforced: object): void {
  t.equal(runs.length, scripts.length);
  Object.keys(attacks).forEach((attack, at) => {
    t.equal(runs[at]?.stdout, "held\n", `${attack}: ${JSON.stringify(runs[at])}`);
    t.match(runs[at]?.enforced, enforced);
  });
}

function findingOf({ findings }: Pick<HostedAnswer, "findings">, name: string): HostFinding | undefined {
  return findings.find((finding) => finding.name === name);
}
