import t from "tap";
import type { HostFinding } from "#port/host-finding.ts";
import type { HostedAnswer } from "./hosted-runner.ts";
import { hostedPlace, PLAIN_USER } from "./hosted-place.ts";
import { CANARY } from "./hosted-attacks.ts";

const options = { skip: process.getuid?.() === 0 ? false : "only root covers a part of /proc" };

/** RUNNER stands for the runner's process, as the host numbers it. */
const attacks = {
  "read the runner's environment": `tr '\\0' '\\n' </proc/RUNNER/environ 2>/dev/null | grep -q ${CANARY} && echo won; echo held`,
  "read the runner's memory":
    "for f in maps mem auxv; do head -c 1 /proc/RUNNER/$f 2>/dev/null | grep -q . && echo won; done; echo held",
  "follow the runner's descriptors":
    'for f in /proc/RUNNER/fd/*; do { [ -e "$f" ] || readlink "$f"; } 2>/dev/null && echo won; done; echo held',
  "reach the host by the runner's root":
    "for f in root cwd exe; do { [ -e /proc/RUNNER/$f ] || readlink /proc/RUNNER/$f; } 2>/dev/null && echo won; done; echo held",
  "do so by any process at all":
    'for f in /proc/[0-9]*; do if [ -e "$f/root/proc" ] && [ "$(readlink "$f/ns/pid")" != "$(readlink /proc/self/ns/pid)" ]; then echo "won $f"; fi; done 2>/dev/null; echo held',
  "write to the kernel":
    "(echo x >/proc/sys/kernel/core_pattern) 2>/dev/null && echo won; (echo h >/proc/sysrq-trigger) 2>/dev/null && echo won; echo held",
  "write to its own process": "(echo 500 >/proc/self/oom_score_adj) 2>/dev/null && echo won; echo held",
  "signal the runner": "kill -0 RUNNER 2>/dev/null && echo won; kill -9 RUNNER 2>/dev/null && echo won; echo held",
  "see another network": "grep -c : /proc/net/dev | grep -qx 1 && echo held",
  "unmount it": "umount -l /proc 2>/dev/null && echo won; mount -t proc p /tmp 2>/dev/null && echo won; echo held",
} as const;

for (const [who, uid] of [
  ["root", undefined],
  ["a plain user", PLAIN_USER],
] as const) {
  t.test(`where no /proc can be mounted, a runner that is ${who} shows the host's, if allowed`, options, async (t) => {
    const place = await hostedPlace(t, uid);
    const refused = place.run({ scripts: ["true"] }, { hideProc: true });
    t.match(findingOf(refused, "mode sealed"), {
      status: "fail",
      text: /mount proc/,
      remedy: /sandbox: \{proc: host\}/,
    });
    for (const mode of ["sealed", "restricted"] as const) {
      const order = { mode, proc: "host", scripts: Object.values(attacks) } as const;
      const { findings, runs } = place.run(order, { hideProc: true });
      t.match(findingOf({ findings }, `mode ${mode}`), { status: "ok" });
      t.match(
        findingOf({ findings }, "/proc")?.text,
        /steps see this host's, read-only .* names and command lines of all processes/,
      );
      Object.keys(attacks).forEach((attack, at) => {
        t.equal(runs[at]?.stdout, "held\n", `${mode}: ${attack}: ${JSON.stringify(runs[at])}`);
        t.match(runs[at]?.enforced, { mode, proc: "host" });
      });
    }
  });
}

t.test("where /proc can be mounted, steps have their own although the host's is allowed", options, async (t) => {
  const place = await hostedPlace(t);
  const script = "grep -qs node /proc/RUNNER/status && echo won; ls /proc | grep -c '^[0-9]'";
  const { findings, runs } = place.run({ proc: "host", scripts: [script] });
  t.match(findingOf({ findings }, "/proc"), { status: "ok" });
  t.match(runs[0]?.stdout, /^[1-9]\n$/, "its own processes, and no others");
  t.notMatch(runs[0]?.enforced, { proc: "host" });
});

function findingOf({ findings }: Pick<HostedAnswer, "findings">, name: string): HostFinding | undefined {
  return findings.find((finding) => finding.name === name);
}
