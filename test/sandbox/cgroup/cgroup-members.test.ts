import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { makeAttemptFolder } from "../../../src/sandbox/attempt-folder.ts";
import { readPids } from "../../../src/sandbox/cgroup/cgroup-file.ts";
import { layGround } from "../../../src/sandbox/ground.ts";
import { initFileFor, writeLaunch } from "../../../src/sandbox/slot/launch-file.ts";
import { StepProcess } from "../../../src/sandbox/step-process.ts";
import { systemClock } from "../../port/system-clock.ts";
import { MIB, openRig, sealedKind } from "../sandbox-rig.ts";

t.test("a list of processes that cannot be read is none, and not an empty one", async (t) => {
  const folder = mkdtempSync("/var/tmp/packrun-pids-");
  t.teardown(() => rmSync(folder, { recursive: true }));
  t.same(readPids(join(folder, "cgroup.procs")), [], "a cgroup that is gone has no processes");
  t.equal(readPids(folder), undefined);
});

t.test("a step is not over while nobody can say what is left of it", async (t) => {
  const rig = openRig(t);
  const laid = await layGround({ scratch: rig.scratch, maxParallel: 1 });
  if (!laid.ok) {
    t.fail(laid.fault.message);
    return;
  }
  const { pool, folder: ground } = laid.value;
  const slot = await pool.take(sealedKind);
  t.teardown(async () => pool.close());
  const folder = makeAttemptFolder(join(ground, "attempt-1"), slot.uid);
  const limits = { memoryBytes: 64 * MIB, pids: 16, cpus: 1 };
  let asked = 0;
  const cgroup = slot.cgroup && {
    ...slot.cgroup,
    members: (): readonly number[] | undefined => {
      asked += 1;
      return asked < 4 ? undefined : slot.cgroup?.members();
    },
  };
  writeLaunch({
    ground: laid.value,
    seccompFile: "/dev/null",
    slot,
    program: "/usr/bin/true",
    argv: ["true"],
    stdinFile: "/dev/null",
    limits,
  });
  const options = `--ro-bind\0/\0/\0--tmpfs\0/run\0--ro-bind\0${initFileFor(laid.value, slot, limits)}\0/run/packrun/init\0`;
  const step = new StepProcess({
    slot: { ...slot, cgroup },
    args: Buffer.from(`${options}--unshare-pid\0--as-pid-1\0--die-with-parent\0`),
    secrets: [],
    limits,
    logBytes: MIB,
    timeoutMs: 20_000,
    watch: { memory: false, pids: false, folder: folder.path, diskBytes: 256 * MIB },
    redactor: rig.redactor,
    clock: systemClock,
  });
  await step.run(() => Promise.resolve());
  t.ok(cgroup === undefined || asked >= 4, `asked ${asked} times`);
});
