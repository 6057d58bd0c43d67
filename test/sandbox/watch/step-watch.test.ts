import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { floorBytes, scarcity } from "../../../src/sandbox/watch/disk-bound.ts";
import { findMeans } from "../../../src/sandbox/limit/limit-means.ts";
import { PLAIN_USER, hostedPlace } from "../hosted-place.ts";
import { MIB, openRig, reasonOf } from "../sandbox-rig.ts";

const none = { kind: "none" } as const;
const watched = { minEnforcement: "watchdog" } as const;

t.test("a step that fills its working folder is ended, whatever way it goes about it", async (t) => {
  const rig = openRig(t);
  const chunk = "head -c 40M /dev/zero";
  const ways = {
    "one file after the other": `n=0; while :; do n=$((n + 1)); ${chunk} >f$n; done`,
    "a file that has no name any more": `exec 9>f; rm f; while :; do ${chunk} >&9; done`,
    "deep folders": `while :; do mkdir d; cd d; ${chunk} >f; done`,
    "the output file": `while :; do ${chunk} >>"$PACKRUN_OUTPUT"; done`,
  };
  for (const [way, script] of Object.entries(ways)) {
    const { outcome } = await rig.run({ script, limits: { artifactBytes: MIB } });
    t.match(outcome, { reason: "STEP_DISK", usage: { hit: ["diskBytes"] } }, way);
    t.match("hint" in outcome ? outcome.hint : "", /holds more than 256 MiB; write less/, way);
  }
});

t.test("files with several names count once, and what a step deletes counts no more", async (t) => {
  const rig = openRig(t);
  const linked = "head -c 60M /dev/zero >f; for n in $(seq 20); do ln f l$n; done; sleep 0.6; echo done";
  t.equal((await rig.run({ script: linked, limits: { artifactBytes: MIB } })).stdout, "done\n");
  const deleted = "for n in $(seq 8); do head -c 60M /dev/zero >f; sleep 0.1; rm f; done; echo done";
  t.equal((await rig.run({ script: deleted, limits: { artifactBytes: MIB } })).stdout, "done\n");
});

t.test("without cgroups, memory counts with what lies in /tmp and /dev/shm", async (t) => {
  const rig = openRig(t, { cgroups: none });
  const limits = { ...watched, memoryBytes: 64 * MIB };
  const files = "head -c 40M /dev/zero >/tmp/a; head -c 40M /dev/zero >/dev/shm/b; sleep 20";
  const { outcome } = await rig.run({ script: files, limits });
  t.match(outcome, { reason: "STEP_OOM", usage: { hit: ["memoryBytes"] } });
  const threads = "use threads; threads->create(sub { system q(perl -e '$x = q(x) x (200 << 20); sleep 20') })->join";
  const child = await rig.run({ program: { kind: "command", argv: ["perl", "-e", threads] }, limits });
  t.equal(reasonOf(child.outcome), "STEP_OOM", "children of any thread are seen");
  const small = await rig.run({ script: "head -c 20M /dev/zero >/tmp/a; sleep 0.5; echo fine", limits });
  t.equal(small.stdout, "fine\n");
  t.ok((small.outcome.usage?.memoryPeakBytes ?? 0) > 20 * MIB);
});

t.test("without cgroups, a step stays on its CPUs", async (t) => {
  const rig = openRig(t, { cgroups: none });
  const script =
    "nproc; taskset -c 0-1 true 2>/dev/null || echo refused; (taskset -p 3 $$ >/dev/null 2>&1 && echo won) || nproc";
  const ran = await rig.run({ script, limits: { ...watched, cpus: 0.5 } });
  t.equal(ran.stdout, "1\nrefused\n1\n");
  t.match(ran.prepared.enforced.limits["cpus"], { declared: 0.5, level: "kernel-process" });
  const examined = await rig.runner.examine();
  t.match(
    examined.find(({ name }) => name === "limit cpus"),
    { status: "warn", text: /^kernel-process by CPU affinity/ },
  );
});

t.test("where neither cgroup nor kernel counts processes, a step with too many is ended", async (t) => {
  const rig = openRig(t, { means: { ...findMeans(none), processLimit: false } });
  const bomb = "for n in $(seq 40); do sleep 4019 & done; wait";
  const { outcome, prepared } = await rig.run({ script: bomb, limits: { ...watched, pids: 24 } });
  t.match(outcome, { reason: "STEP_PIDS", usage: { hit: ["pids"] }, hint: /limit of 24; raise limits.pids/ });
  t.match(prepared.enforced.limits["pids"], { declared: 24, level: "watchdog" });
  const few = "for n in $(seq 20); do sleep 0.6 & done; wait; echo fine";
  t.equal((await rig.run({ script: few, limits: { ...watched, pids: 24 } })).stdout, "fine\n");
});

t.test("a disk with little left takes no step, and what is left is told in words", async (t) => {
  const gib = 1024 ** 3;
  t.equal(floorBytes({ totalBytes: 500 * gib }), gib);
  t.equal(floorBytes({ totalBytes: 2 * gib }), Math.floor((2 * gib) / 20));
  t.equal(scarcity({ freeBytes: 2 * gib, totalBytes: 500 * gib }), undefined);
  t.equal(scarcity({ freeBytes: 0.9 * gib, totalBytes: 500 * gib }), "less than 1 GiB is free");
  const files = { freeBytes: 9 * gib, totalBytes: 10 * gib, totalFiles: 1_000_000 };
  t.equal(scarcity({ ...files, freeFiles: 500_000 }), undefined);
  t.match(scarcity({ ...files, freeFiles: 900 }), /room for only 900 more files/);
  const disk = mkdtempSync("/var/tmp/packrun-small-");
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=40m,mode=711", "none", disk]);
  t.teardown(() => {
    spawnSync("umount", ["-l", disk]);
    rmdirSync(disk);
  });
  if (mounted.status !== 0) {
    t.comment("only root can mount a small disk");
    return;
  }
  const scratch = join(disk, "scratch");
  const rig = openRig(t, { scratch });
  const packFolder = join(scratch, "pack");
  mkdirSync(packFolder, { recursive: true });
  const filling = await rig.run({ script: "head -c 60M /dev/zero >f || true; sleep 5", packFolder });
  t.match(filling.outcome, { reason: "STEP_DISK", hint: /less than 2 MiB is free/ });
  const fill = ["-c", `head -c 60M /dev/zero >>${disk}/ballast`];
  // What the first step left is removed in its own time.
  for (let round = 0; round < 100; round += 1) {
    spawnSync("sh", fill);
    const prepared = await rig.runner.prepare(rig.request({ packFolder }));
    if (!prepared.ok) {
      t.match(prepared.fault, { code: "STEP_DISK", message: /less than 2 MiB is free/ });
      break;
    }
    await prepared.value.discard();
  }
});

t.test("bytes that a step made the disk read and write are recorded, its own only", async (t) => {
  const rig = openRig(t);
  const wrote = await rig.run({ script: "head -c 8M /dev/zero >f; sync f" });
  t.ok((wrote.outcome.usage?.ioBytes ?? 0) >= 8 * MIB, JSON.stringify(wrote.outcome.usage));
  const idle = await rig.run({ script: "true" });
  t.ok((idle.outcome.usage?.ioBytes ?? MIB) < MIB, JSON.stringify(idle.outcome.usage));
});

t.test("those of a plain user's steps are, too", { skip: process.getuid?.() !== 0 }, async (t) => {
  const place = await hostedPlace(t, PLAIN_USER);
  const scripts = Array.from({ length: 40 }, () => "true");
  const { runs } = place.run({ mode: "sealed", limits: { minEnforcement: "watchdog" }, scripts });
  t.equal(runs.length, scripts.length);
  runs.forEach(({ outcome }) => t.match(outcome, { kind: "succeeded", usage: { ioBytes: Number } }));
});
