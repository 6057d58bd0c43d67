import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { limitsPack, sleepingPack } from "./limits-pack.ts";
import {
  copyPack,
  ending,
  givePack,
  leftCgroups,
  packrun,
  personOf,
  readOr,
  running,
  start,
  until,
  type Ended,
  type Event,
  type Person,
} from "./person.ts";

const MIB = 1024 * 1024;
const QUICKSTART = "/opt/packrun/packs/quickstart";

/** One line of TAP; what was seen instead is told below it. */
function check(who: Person, what: string, holds: boolean, seen: unknown = ""): void {
  const name = `${who.name}: ${what}`;
  process.stdout.write(`${holds ? "ok" : "not ok"} - ${name}\n`);
  if (!holds) {
    const text = typeof seen === "string" ? seen : JSON.stringify(seen);
    process.stdout.write(`${text.slice(0, 3000).replaceAll(/^/gm, "#   ")}\n`);
  }
}

function of(ended: Ended, type: string, stepId: string): Event["metadata"] | undefined {
  return ended.events.find((event) => event.eventType === type && event.stepId === stepId)?.metadata;
}

function printed(ended: Ended, stepId: string): string {
  return ended.events
    .filter((event) => event.eventType === "step.output" && event.stepId === stepId)
    .flatMap((event) => event.metadata["lines"] as readonly string[])
    .join("\n");
}

type Use = { readonly hit: readonly string[]; readonly [figure: string]: unknown };

function use(ended: Ended, stepId: string): Use {
  const found = of(ended, "step.succeeded", stepId) ?? of(ended, "step.failed", stepId);
  return (found?.["usage"] ?? { hit: [] }) as Use;
}

function figure(ended: Ended, stepId: string, name: string): number {
  return Number(use(ended, stepId)[name] ?? Number.NaN);
}

type Held = { readonly level: string; readonly enforcedBy: string };

function held(ended: Ended, limit: string): Held {
  const limits = of(ended, "sandbox.enforced", "peak")?.["limits"] as Readonly<Record<string, Held>> | undefined;
  return limits?.[limit] ?? { level: "", enforcedBy: "" };
}

/** What is the same with and without cgroups. */
function checkEverywhere(who: Person, ended: Ended): void {
  const reason = of(ended, "step.failed", "memory")?.["reason"];
  check(who, "a step with too much memory fails with STEP_OOM", reason === "STEP_OOM", ended.stderr + ended.stdout);
  check(
    who,
    "the limit that was hit is recorded",
    use(ended, "memory").hit.includes("memoryBytes"),
    use(ended, "memory"),
  );
  check(who, "exactly 24 processes may live", printed(ended, "pids") === "24", printed(ended, "pids"));
  check(who, "nothing of a step that ended runs on", running("sleep 4031").length === 0, running("sleep 4031"));
  const peak = figure(ended, "peak", "memoryPeakBytes");
  check(who, "the memory peak of a step is recorded", peak > 16 * MIB && peak < 64 * MIB, use(ended, "peak"));
  const disk = of(ended, "step.failed", "disk");
  check(who, "a step that fills the disk fails with STEP_DISK", disk?.["reason"] === "STEP_DISK", disk);
}

function checkKernelTree(who: Person, ended: Ended): void {
  for (const [limit, by] of [
    ["memoryBytes", "cgroup v2 memory.max"],
    ["pids", "cgroup v2 pids.max"],
    ["cpus", "cgroup v2 cpu.max"],
  ] as const) {
    const { level, enforcedBy } = held(ended, limit);
    check(who, `${limit} is held by ${by}`, level === "kernel-tree" && enforcedBy === by, { level, enforcedBy });
  }
  check(
    who,
    "the whole step dies of too much memory at once",
    printed(ended, "memory") === "",
    printed(ended, "memory"),
  );
  check(who, "a refused process is recorded", use(ended, "pids").hit.includes("pids"), use(ended, "pids"));
  const [cpuMs, durationMs] = [
    figure(ended, "cpu", "cpuMs"),
    Number(of(ended, "step.succeeded", "cpu")?.["durationMs"]),
  ];
  const share = cpuMs / durationMs;
  check(who, `half a CPU is held (${share.toFixed(2)})`, share > 0.2 && share < 0.6, { cpuMs, durationMs });
  const io = figure(ended, "io", "ioBytes");
  check(who, "bytes that reached the disk are recorded", io >= 8 * MIB, use(ended, "io"));
}

async function checkLimits(who: Person): Promise<void> {
  const ended = await packrun(who, "run", givePack(who, "limits", limitsPack("limits")), "--format", "ndjson");
  check(who, "a run with failing steps ends with 1", ended.code === 1, ended.stderr + ended.stdout);
  checkEverywhere(who, ended);
  checkKernelTree(who, ended);
}

async function checkQuickstart(who: Person, pack: string = QUICKSTART): Promise<void> {
  const evidence = join(who.folder, "evidence");
  const ran = await packrun(who, "run", pack, "-o", join(who.folder, "outputs"), "--evidence", evidence);
  check(who, "the quickstart pack runs", ran.code === 0, ran.stderr + ran.stdout);
  const trust = join(who.folder, ".packrun/trust/trust-root.json");
  const verified = await packrun(who, "verify", evidence, "--trust", trust);
  check(who, "its evidence verifies", verified.code === 0, verified.stderr + verified.stdout);
}

type Finding = { readonly name: string; readonly status: string; readonly text: string; readonly remedy?: string };

async function checkDoctor(who: Person, levels: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
  const text = await packrun(who, "doctor");
  check(who, "doctor finds that steps can run", text.code === 0, text.stderr + text.stdout);
  process.stdout.write(text.stdout.replaceAll(/^/gm, "#   "));
  process.stdout.write("\n");
  const json = await packrun(who, "doctor", "--format", "json");
  const { checks } = JSON.parse(json.stdout) as { readonly checks: readonly Finding[] };
  for (const [limit, level] of Object.entries(levels)) {
    const found = checks.find(({ name }) => name === `limit ${limit}`);
    check(who, `doctor says that ${limit} is held at level ${level}`, found?.text.startsWith(level) === true, found);
  }
  return checks;
}

/** Starts a run and waits until its step runs. */
async function sleeping(
  who: Person,
): Promise<{ readonly child: ReturnType<typeof start>; readonly ended: Promise<Ended> }> {
  const child = start(who, "run", givePack(who, "sleeping", sleepingPack), "--format", "ndjson");
  const ended = ending(child);
  const up = await until(() => running("sleep 4032").length >= 2 || child.exitCode !== null);
  const starts = up && child.exitCode === null;
  if (!starts) {
    child.kill("SIGINT");
  }
  check(who, "a step starts", starts, starts ? "" : (await ended).stdout.slice(-3000));
  return { child, ended };
}

async function checkSignals(who: Person): Promise<void> {
  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const) {
    const { child, ended } = await sleeping(who);
    child.kill(signal);
    const { code: got, stdout, stderr } = await ended;
    check(who, `a run that gets ${signal} ends with ${code}`, got === code, `${got} ${stdout} ${stderr}`);
    check(who, `and takes its steps with it`, running("sleep 4032").length === 0, running("sleep 4032"));
  }
}

async function checkDeath(who: Person, leavesCgroups: boolean): Promise<void> {
  const { child, ended } = await sleeping(who);
  child.kill("SIGKILL");
  await ended;
  check(who, "a runner that is killed takes its steps with it", await until(() => running("sleep 4032").length === 0));
  const left = (): boolean => leftCgroups().length > 0;
  if (leavesCgroups) {
    check(who, "it leaves cgroups behind", left());
  }
  await packrun(who, "doctor");
  check(who, "the next one removes them", await until(() => !left()), leftCgroups());
}

async function asRoot(): Promise<void> {
  const root = personOf("root", 0);
  await checkDoctor(root, {
    memoryBytes: "kernel-tree",
    pids: "kernel-tree",
    cpus: "kernel-tree",
    diskBytes: "watchdog",
  });
  await checkLimits(root);
  check(root, "no cgroup is left", leftCgroups().length === 0, leftCgroups());
  await checkSignals(root);
  await checkDeath(root, true);
  await checkQuickstart(root);
  check(
    root,
    "the runner's own cgroup is as it was",
    /0::\/system\.slice\/packrun-vm\.service/.test(readOr("/proc/self/cgroup")),
  );
}

async function asUserWithScope(): Promise<void> {
  const user = personOf("user with systemd", 1000, { XDG_RUNTIME_DIR: "/run/user/1000" });
  await checkDoctor(user, { memoryBytes: "kernel-tree", pids: "kernel-tree", cpus: "kernel-tree" });
  const { child, ended } = await sleeping(user);
  const cgroup = readFileSync(`/proc/${child.pid}/cgroup`, "latin1").trim();
  check(
    user,
    "the very process that was started is in a scope of the user's",
    /user@1000\.service\/.*\.scope/.test(cgroup),
    cgroup,
  );
  const own = readFileSync(`/proc/${child.pid}/environ`, "latin1");
  check(user, "it was started again once", own.includes("PACKRUN_SCOPE=1"), own);
  child.kill("SIGINT");
  await ended;
  await checkLimits(user);
  await checkSignals(user);
  await checkDeath(user, false);
  await checkQuickstart(user);
}

async function asUserWithoutScope(): Promise<void> {
  const user = personOf("user without systemd", 1001);
  const findings = await checkDoctor(user, { memoryBytes: "watchdog", pids: "kernel-process", cpus: "kernel-process" });
  const refused = await packrun(user, "run", givePack(user, "sealed", limitsPack("sealed")));
  const text = refused.stderr + refused.stdout;
  check(user, "a sealed run is refused with 8", refused.code === 8, text);
  check(
    user,
    "the refusal is LIMIT_UNENFORCEABLE and names limit, have and need",
    text.includes("LIMIT_UNENFORCEABLE") && /memoryBytes .*watchdog.*kernel-tree/.test(text),
    text,
  );
  check(user, "it says what to do", text.includes("loginctl enable-linger"), text);
  const remedies = findings.flatMap(({ remedy }) => remedy ?? []);
  check(
    user,
    "doctor says the same",
    remedies.some((remedy) => text.includes(remedy)),
    remedies,
  );
  const pack = givePack(user, "watched", limitsPack("watched", "watchdog"));
  const watched = await packrun(user, "run", pack, "--format", "ndjson");
  checkEverywhere(user, watched);
  for (const [limit, level] of [
    ["memoryBytes", "watchdog"],
    ["pids", "kernel-process"],
    ["cpus", "kernel-process"],
    ["diskBytes", "watchdog"],
  ] as const) {
    check(user, `${limit} is recorded with level ${level}`, held(watched, limit).level === level, held(watched, limit));
  }
  check(user, "a step has one CPU of two", printed(watched, "processors") === "1", printed(watched, "processors"));
  await checkQuickstart(user);
}

async function asUserWithBrokenScope(): Promise<void> {
  const folder = "/run/broken";
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/bus`, "");
  const user = personOf("user whose systemd does not answer", 1001, { XDG_RUNTIME_DIR: folder });
  const refused = await packrun(user, "run", givePack(user, "sealed", limitsPack("sealed")));
  const text = refused.stderr + refused.stdout;
  check(
    user,
    "the refusal says why there is no scope",
    refused.code === 8 && /systemd-run --user --scope failed: /.test(text),
    text,
  );
  const pack = copyPack(user, QUICKSTART);
  await checkQuickstart(user, pack);
}

async function inContainer(): Promise<void> {
  const container = { uid: 0 };
  const careful: Person = { ...personOf("root of a container", 0), container };
  const refused = await packrun(careful, "doctor");
  const advice = /systempaths=unconfined.*PACKRUN_SANDBOX_PROC=host/;
  check(careful, "doctor says what would help", refused.code === 8 && advice.test(refused.stdout), refused.stdout);
  const root: Person = { ...careful, env: { ...careful.env, PACKRUN_SANDBOX_PROC: "host" } };
  await checkDoctor(root, { memoryBytes: "kernel-tree", pids: "kernel-tree", cpus: "kernel-tree" });
  const ran = await packrun(root, "run", QUICKSTART, "--format", "ndjson");
  const forms = ran.events.filter(({ eventType }) => eventType === "sandbox.enforced").map(({ metadata }) => metadata);
  const recorded = forms.filter(({ proc, userNamespaces }) => proc === "host" && userNamespaces === "filter");
  check(root, "a run records in which form its steps were held", recorded.length > 0, ran.stderr + ran.stdout);
  await checkQuickstart(root);
}

/** One command under the unit of the recipes, as it is but for what it starts and how long. */
function inUnit(...args: readonly string[]): { readonly code: number; readonly text: string } {
  const [unit, said] = ["/run/systemd/system/recipe.service", `/run/recipe-${args[0]}.txt`];
  const command = [process.execPath, "/opt/packrun/dist/cli/main.js", ...args].join(" ");
  const text = readFileSync("/opt/packrun/recipes/systemd/packrun.service", "latin1")
    .replace(/^ExecStart=.*$/m, `ExecStart=${command}\nStandardOutput=file:${said}\nStandardError=inherit`)
    .replace(/^Type=.*$/m, "Type=oneshot")
    .replace(/^Restart=.*$/m, "Restart=no");
  mkdirSync("/run/systemd/system", { recursive: true });
  writeFileSync(unit, text);
  spawnSync("systemctl", ["daemon-reload"]);
  const { status } = spawnSync("systemctl", ["start", "recipe.service"]);
  return { code: status ?? 1, text: Buffer.from(readOr(said), "latin1").toString() };
}

async function asService(): Promise<void> {
  execFileSync("useradd", ["--system", "packrun"]);
  const service: Person = { name: "service", uid: 0, folder: "/var/lib/packrun", env: {} };
  const doctor = inUnit("doctor");
  check(service, "doctor finds that steps can run under the unit of the recipes", doctor.code === 0, doctor.text);
  for (const limit of ["memoryBytes", "pids", "cpus"]) {
    const held = new RegExp(`limit ${limit}: kernel-tree`).test(doctor.text);
    check(service, `the kernel holds ${limit} under it`, held, doctor.text);
  }
  const ran = inUnit("run", QUICKSTART);
  check(service, "the quickstart pack runs under it", ran.code === 0, ran.text);
}

const scenarios = { asUserWithScope, asUserWithoutScope, asUserWithBrokenScope, asRoot, inContainer, asService };
const only = /\bpackrun\.only=(\S+)/.exec(readOr("/proc/cmdline"))?.[1]?.split(",") ?? Object.keys(scenarios);

execFileSync("useradd", ["-u", "1001", "other"]);
for (const scenario of Object.values(scenarios).filter(({ name }) => only.includes(name))) {
  try {
    await scenario();
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stdout.write(`not ok - ${scenario.name} comes to its end\n${text.replaceAll(/^/gm, "#   ")}\n`);
  }
}
