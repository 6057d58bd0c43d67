import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import { makeAttemptFolder } from "../../src/sandbox/attempt-folder.ts";
import { layGround } from "../../src/sandbox/ground.ts";
import { initFileFor, writeLaunch } from "../../src/sandbox/slot/launch-file.ts";
import { childrenOf } from "../../src/sandbox/watch/process-identity.ts";
import { StepProcess } from "../../src/sandbox/step-process.ts";
import { systemClock } from "../port/system-clock.ts";
import { MIB, openRig, reasonOf, runPrepared, sealedKind, textOf, type Rig } from "./sandbox-rig.ts";
import type { OutputBatch } from "#port/step-runner.ts";

const rig = openRig(t);

/** Host pids of processes whose command line begins with these words. */
function running(...words: readonly string[]): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && commandOf(name).startsWith(words.join("\0")))
    .map(Number);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

t.test("the exit code of the step is the reason", async (t) => {
  const { outcome } = await rig.run({ script: "exit 42" });
  t.match(outcome, { kind: "failed", reason: "STEP_EXIT", exitCode: 42 });
  const killed = await rig.run({ script: "kill -9 $$" });
  t.match(killed.outcome, { kind: "failed", reason: "STEP_EXIT", exitCode: 137 });
});

t.test("scripts stop at their first error, and bash scripts also inside a pipe", async (t) => {
  t.match((await rig.run({ script: "false; echo on" })).stdout, "");
  const piped = await rig.run({ program: { kind: "script", text: "false | cat; echo on", shell: "bash" } });
  t.equal(piped.stdout, "");
  t.equal(reasonOf(piped.outcome), "STEP_EXIT");
});

t.test("a program that is not there, and one that cannot run, are told from a failing one", async (t) => {
  const absent = await rig.runner.prepare(rig.request({ program: { kind: "command", argv: ["no-such-tool"] } }));
  t.match(absent, { ok: false, fault: { code: "STEP_SETUP", message: /no-such-tool/ } });
  rig.stage("pack/broken.sh", "#!/no/such/shell\n", 0o555);
  const broken = await rig.run({ program: { kind: "command", argv: ["./broken.sh"] } });
  t.match(broken.outcome, { reason: "STEP_EXIT", exitCode: 127 });
  t.match(broken.stderr, /packrun: the program, or the interpreter that it names, is not there/);
});

t.test("mounts outside the scratch folder and at other places are refused", async (t) => {
  const prepare = async (hostPath: string, at: string): Promise<unknown> =>
    rig.runner.prepare(rig.request({ mounts: [{ hostPath, at }] }));
  const setup = { ok: false, fault: { code: "STEP_SETUP" } };
  t.match(await prepare("/etc", "/run/packrun/in/x"), setup);
  t.match(await prepare(`${rig.scratch}/../../etc`, "/run/packrun/in/x"), setup);
  t.match(await prepare(`${rig.scratch}/absent`, "/run/packrun/in/x"), setup);
  t.match(await prepare(rig.packFolder, "/usr/bin"), setup);
  t.match(await prepare(rig.packFolder, "/run/packrun/in/../work"), setup);
});

t.test("an attempt whose files cannot be written keeps no slot", async (t) => {
  for (let round = 0; round < 4; round += 1) {
    const prepared = await rig.runner.prepare(rig.request({ stdin: 1 as never }));
    t.match(prepared, { ok: false, fault: { code: "STEP_SETUP" } });
  }
  t.equal((await rig.run({ script: "echo next" })).stdout, "next\n");
});

t.test("a sandbox that cannot be built is no failure of the step, and says what bubblewrap said", async (t) => {
  const file = rig.stage("plain.txt", "x");
  const mounts = [
    { hostPath: file, at: "/run/packrun/in/x" },
    { hostPath: file, at: "/run/packrun/in/x/y" },
  ];
  const { outcome } = await rig.run({ mounts });
  t.match(outcome, { kind: "failed", reason: "STEP_SETUP", hint: /bwrap: / });
  t.equal((await rig.run({ script: "echo next" })).stdout, "next\n");
});

t.test("a launcher that does not get to its word for a while, as on a busy machine, fails no step", async (t) => {
  await rig.run({ script: "true" });
  const launchers = childrenOf(process.pid).filter((pid) => commandOf(String(pid)).includes(rig.scratch));
  launchers.forEach((pid) => process.kill(pid, "SIGSTOP"));
  const prepared = await rig.prepare({ script: "echo ran" });
  const running = runPrepared(prepared);
  await wait(1500);
  launchers.forEach((pid) => process.kill(pid, "SIGCONT"));
  const { outcome, stdout } = await running;
  t.strictSame([reasonOf(outcome), stdout], ["succeeded", "ran\n"]);
});

t.test("a step that is over while the runner was busy with something else ended as it did", async (t) => {
  for (const timeoutMs of [20_000, 1000]) {
    const prepared = await rig.prepare({ script: "exit 3", timeoutMs });
    const ran = runPrepared(prepared);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1500);
    t.match((await ran).outcome, { kind: "failed", reason: "STEP_EXIT", exitCode: 3 });
  }
});

t.test("a step that runs too long gets SIGTERM and may say goodbye", async (t) => {
  const { outcome, stdout } = await rig.run({
    script: "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done",
    timeoutMs: 300,
  });
  t.match(outcome, { kind: "failed", reason: "STEP_TIMEOUT", usage: { hit: ["timeoutMs"] } });
  t.equal(stdout, "up\nbye\n");
});

t.test("a step that ignores SIGTERM is killed after the grace, with everything that it started", async (t) => {
  const attempt = await rig.prepare({
    script: "trap '' TERM; setsid sleep 4011 & (sleep 4012 &) ; echo up; while :; do sleep 1; done",
  });
  const batches: OutputBatch[] = [];
  const ended = attempt.start((batch) => {
    batches.push(batch);
    attempt.stop();
    return Promise.resolve();
  });
  await wait(500);
  t.equal(running("sleep", "4011").length, 1, "grace is given");
  attempt.stop({ now: true });
  t.equal((await ended).kind, "cancelled");
  t.equal(textOf(batches), "up\n");
  t.strictSame([...running("sleep", "4011"), ...running("sleep", "4012")], []);
});

t.test("a daemon that is left behind is killed before the step counts as ended", async (t) => {
  const { outcome } = await rig.run({
    script: "(setsid sh -c 'trap \"\" TERM HUP; exec sleep 4013' >/dev/null 2>&1 &); sleep 0.1",
  });
  t.equal(outcome.kind, "succeeded");
  t.strictSame(running("sleep", "4013"), []);
});

t.test("a daemon that holds the output open does not hold the step up", async (t) => {
  const { outcome, stdout } = await rig.run({ script: "sleep 4014 & echo done" });
  t.equal(outcome.kind, "succeeded");
  t.equal(stdout, "done\n");
});

t.test("a step that eats memory is killed, and fails even when it hides that", async (t) => {
  const hog = "perl -e '$x = \"x\" x (400 << 20); print length $x'";
  for (const script of [hog, `${hog} || true; echo survived`]) {
    const { outcome } = await rig.run({ script, limits: { memoryBytes: 64 * MIB } });
    t.match(outcome, { kind: "failed", reason: "STEP_OOM", usage: { hit: ["memoryBytes"] } });
  }
  t.equal((await rig.run({ script: "echo next" })).stdout, "next\n");
});

t.test("files in /tmp and /dev/shm count as memory of the step", async (t) => {
  const script =
    "head -c 60M /dev/zero >/tmp/a || true; head -c 60M /dev/zero >/dev/shm/b || true; head -c 60M /dev/zero | tail -c 60M >/dev/null";
  const { outcome } = await rig.run({ script, limits: { memoryBytes: 64 * MIB } });
  t.equal(reasonOf(outcome), "STEP_OOM");
});

t.test("a fork bomb meets its limit and dies with the step", async (t) => {
  const { outcome } = await rig.run({
    program: { kind: "script", shell: "bash", text: "f() { sleep 4015 & f 2>/dev/null | f 2>/dev/null; }; f; exit 0" },
    limits: { pids: 24 },
    timeoutMs: 1500,
  });
  t.match(outcome, { usage: { hit: /pids/ } });
  t.strictSame(running("sleep", "4015"), []);
});

t.test("exactly the declared number of processes may live", async (t) => {
  const script =
    "my $n = 1; while (1) { my $p = fork; last if !defined $p; if (!$p) { sleep 60; exit } $n++ } print $n";
  const { stdout } = await rig.run({
    program: { kind: "command", argv: ["perl", "-e", script] },
    limits: { pids: 20 },
  });
  t.equal(stdout, "20");
});

t.test("CPU time is held to the quota", async (t) => {
  const script = "my $t = time + 2; 1 while time < $t";
  const { outcome } = await rig.run({
    program: { kind: "command", argv: ["perl", "-e", script] },
    limits: { cpus: 0.2 },
  });
  const { durationMs, usage } = outcome;
  t.ok((usage?.cpuMs ?? 0) < durationMs * 0.35, `${usage?.cpuMs} ms of CPU in ${durationMs} ms`);
});

t.test("a flood of output is drained up to its limit, memory stays flat, and the step is ended", async (t) => {
  const before = process.memoryUsage().rss;
  let bytes = 0;
  const attempt = await rig.prepare({ script: "yes 0123456789abcdef", limits: { logBytes: 96 * MIB } });
  const outcome = await attempt.start((batch) => {
    bytes += batch.lines.reduce((sum, line) => sum + line.length + 1, 0);
    return Promise.resolve();
  });
  t.match(outcome, { kind: "failed", reason: "STEP_LOG_TOO_LARGE", usage: { hit: ["logBytes"] } });
  t.ok(bytes > 95 * MIB && bytes <= 97 * MIB, `${bytes} bytes arrived`);
  t.ok(process.memoryUsage().rss - before < 80 * MIB);
});

t.test("more output than is allowed fails a step whenever it is read, and whatever its exit code", async (t) => {
  const scripts = ["seq 1 3000", "seq 1 3000 >&2", "seq 1 3000; exit 3", "sleep 0.1; seq 1 3000"];
  for (const script of scripts) {
    const { outcome, stdout, stderr } = await rig.run({ script, limits: { logBytes: 1024 } });
    t.match(outcome, { kind: "failed", reason: "STEP_LOG_TOO_LARGE", usage: { hit: ["logBytes"] } }, script);
    t.equal(stdout.length + stderr.length, 1024, script);
  }
  const exact = await rig.run({ script: "echo 012345678", limits: { logBytes: 10 } });
  t.equal(exact.outcome.kind, "succeeded");
  const late = await rig.prepare({ script: "sleep 0.05; seq 1 30000", limits: { logBytes: 150_000 } });
  const outcome = await late.start(() => wait(200));
  t.equal(reasonOf(outcome), "STEP_LOG_TOO_LARGE", "read long after the step has ended");
});

t.test("a step whose launcher has died is not given its token", async (t) => {
  const own = openRig(t);
  for (let round = 0; round < 5; round += 1) {
    const prepared = await own.prepare({ script: "echo ran" });
    const launchers = childrenOf(process.pid).filter((pid) => commandOf(String(pid)).includes(own.scratch));
    launchers.forEach((pid) => process.kill(pid, "SIGKILL"));
    await wait(100);
    const { outcome, stdout } = await runPrepared(prepared);
    t.strictSame([reasonOf(outcome), stdout], ["STEP_SETUP", ""]);
  }
});

t.test("a slow reader slows the step down instead of filling memory", async (t) => {
  const before = process.memoryUsage().rss;
  const attempt = await rig.prepare({ script: "yes", limits: { logBytes: 1024 * MIB }, timeoutMs: 800 });
  let bytes = 0;
  const outcome = await attempt.start(async (batch) => {
    bytes += batch.lines.length * 2;
    await wait(20);
  });
  t.equal(reasonOf(outcome), "STEP_TIMEOUT");
  t.ok(bytes < 16 * MIB, `${bytes} bytes arrived`);
  t.ok(process.memoryUsage().rss - before < 80 * MIB);
});

t.test("output opens again, keeps its order, and its odd bytes are shown", async (t) => {
  const { stdout, stderr, batches } = await rig.run({
    script:
      "echo one; echo two >/dev/stdout; printf 'a\\377b\\n'; echo err >&2; echo err2 >/dev/stderr; printf 'no newline'",
  });
  t.equal(stdout, "one\ntwo\na\\xffb\nno newline");
  t.equal(stderr, "err\nerr2\n");
  t.equal(
    batches.reduce((sum, batch) => sum + (batch.invalidBytes ?? 0), 0),
    1,
  );
});

t.test("what a step prints at once, while it runs and at its end arrives whole and in its order", async (t) => {
  const burst = await rig.run({ script: "seq 1 40000" });
  t.equal(burst.stdout, numbers(1, 40_000), "more than a pipe holds, before anybody listens");
  const both = await rig.run({
    script: "seq 1 3000; echo early >&2; sleep 0.2; seq 3001 40000; echo late >&2",
  });
  t.equal(both.stdout, numbers(1, 40_000));
  t.equal(both.stderr, "early\nlate\n");
});

function numbers(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, at) => `${from + at}\n`).join("");
}

t.test("a step that is over before anybody listens fails as its sink does", async (t) => {
  const attempt = await rig.prepare({ script: "echo x" });
  await t.rejects(
    attempt.start(() => Promise.reject(new Error("the ledger is full"))),
    /the ledger is full/,
  );
  t.equal((await rig.run({ script: "echo next" })).stdout, "next\n");
});

t.test("a sink that fails ends the step", async (t) => {
  const attempt = await rig.prepare({ script: "echo x; sleep 4016" });
  await t.rejects(
    attempt.start(() => Promise.reject(new Error("the ledger is full"))),
    /the ledger is full/,
  );
  t.strictSame(running("sleep", "4016"), []);
});

t.test("two steps at once, and many after each other, stay apart", async (t) => {
  const many = await Promise.all(
    Array.from({ length: 12 }, (_, at) =>
      rig.run({ script: `echo ${at} >mine; ls | wc -l; cat mine`, env: { N: `${at}` } }),
    ),
  );
  t.strictSame(
    many.map(({ stdout }) => stdout),
    many.map((_, at) => `1\n${at}\n`),
  );
});

t.test("an attempt that is taken back leaves nothing but an empty folder for the next", async (t) => {
  const own = openRig(t);
  const works = (): number =>
    readdirSync(own.scratch, { recursive: true }).filter((name) =>
      /attempt-\d+\/(?!work$|output\.json$)/.test(String(name)),
    ).length;
  const attempt = await own.prepare({ script: "touch /run/packrun/work/ran; sleep 4017", stdin: "x" });
  t.ok(works() > 0);
  await attempt.discard();
  t.equal(works(), 0);
  t.strictSame(running("sleep", "4017"), []);
  await t.rejects(
    attempt.start(() => Promise.resolve()),
    /starts once/,
  );
});

t.test("a sink that takes its time gets all that a step printed, long after that has ended", async (t) => {
  const attempt = await rig.prepare({ script: "seq 1 12000; echo last" });
  const lines: string[] = [];
  const outcome = await attempt.start(async (batch) => {
    // Longer than any doubt about a pipe that says nothing.
    await (lines.length === 0 ? wait(2500) : undefined);
    lines.push(...batch.lines);
  });
  t.equal(outcome.kind, "succeeded");
  t.equal(lines.length, 12_001);
  t.equal(lines.at(-1), "last");
});

t.test("an attempt that is stopped before it starts never runs", async (t) => {
  const attempt = await rig.prepare({ script: "echo ran" });
  attempt.stop();
  const { outcome, stdout } = await runPrepared(attempt);
  t.equal(outcome.kind, "cancelled");
  t.equal(stdout, "");
});

t.test("a closed sandbox leaves neither processes nor folders, and no zombie", async (t) => {
  const own: Rig = openRig(t);
  await Promise.all([own.run({ script: "sleep 0.1" }), own.run({ script: "true" })]);
  const before = childrenOf(process.pid).length;
  await own.runner.close();
  t.ok(childrenOf(process.pid).length < before);
  const left = readdirSync(own.scratch, { recursive: true })
    .map(String)
    .filter((name) => /slot|attempt|sandbox|uids\//.test(name));
  t.strictSame(left, []);
});

t.test("a start that goes wrong half-way leaves no pipe open and no process behind", async (t) => {
  const own = openRig(t);
  const laid = await layGround({ scratch: own.scratch, maxParallel: 1 });
  t.ok(laid.ok);
  if (!laid.ok) {
    return;
  }
  const { pool } = laid.value;
  const fds = (): number => readdirSync("/proc/self/fd").length;
  for (const broken of ["go", "collectChildren"] as const) {
    const slot = await pool.take(sealedKind);
    const folder = makeAttemptFolder(join(laid.value.folder, `attempt-${broken}`), slot.uid);
    const limits = { memoryBytes: 64 * MIB, pids: 16, cpus: 1 };
    slot.cgroup?.begin(limits);
    writeLaunch({
      ground: laid.value,
      seccompFile: "/dev/null",
      slot,
      program: "/usr/bin/sleep",
      argv: ["sleep", "4018"],
      stdinFile: "/dev/null",
      limits,
    });
    const init = initFileFor(laid.value, slot, limits);
    const before = fds();
    const step = new StepProcess({
      slot: {
        ...slot,
        launcher: {
          ...slot.launcher,
          [broken]: () => {
            throw new Error("the pipe is broken");
          },
        },
      },
      args: Buffer.from(
        `--ro-bind\0/\0/\0--tmpfs\0/run\0--ro-bind\0${init}\0/run/packrun/init\0--unshare-pid\0--as-pid-1\0--die-with-parent\0`,
      ),
      secrets: [],
      limits,
      logBytes: MIB,
      timeoutMs: broken === "go" ? 10_000 : 300,
      watch: { memory: false, pids: false, folder: folder.path, diskBytes: 256 * MIB },
      redactor: own.redactor,
      clock: systemClock,
    });
    await t.rejects(
      step.run(() => Promise.resolve()),
      /the pipe is broken/,
    );
    pool.giveBack(slot, false);
    await wait(50);
    t.ok(fds() <= before, `${fds()} descriptors after ${before}`);
  }
  await pool.close();
  t.strictSame(running("sleep", "4018"), []);
});

t.test(
  "where no cgroup lists processes, a slot serves the next step right after a sandbox was taken back",
  async (t) => {
    const own = openRig(t, { cgroups: { kind: "none" } });
    const limits = { minEnforcement: "watchdog" } as const;
    for (let round = 0; round < 30; round += 1) {
      const idle = await own.prepare({ limits });
      await idle.discard();
      const { outcome, stdout } = await own.run({ script: "echo next", limits, timeoutMs: 20_000 });
      t.equal(stdout, "next\n", JSON.stringify(outcome));
    }
  },
);
