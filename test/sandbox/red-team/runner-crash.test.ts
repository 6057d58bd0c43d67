import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { cgroupParents, findCgroups } from "../../../src/sandbox/cgroup/cgroup-host.ts";
import { childrenOf } from "../../../src/sandbox/watch/process-identity.ts";
import { COMPILED } from "../../compiled.ts";
import { openRig, type Rig } from "../sandbox-rig.ts";
import type { Crash, DoomedOrder } from "./crash.ts";
import { marked } from "./marked-processes.ts";
import { runnerCrashAttacks } from "./runner-crash-attacks.ts";

const prelude = readFileSync(fileURLToPath(import.meta.resolve("./attack.py")), "utf8");
const host = findCgroups();
/** How the runner says the outcome of its step. */
const ENDED = '{"outcome":';

t.jobs = 2;
for (const crash of runnerCrashAttacks) {
  t.test(`a step cannot ${crash.name}`, { buffered: true }, (t) => runCrash(t, openRig(t), crash));
}

async function runCrash(t: Test, rig: Rig, crash: Crash): Promise<void> {
  const { name: _, kill, signal = "SIGKILL", ...told } = crash;
  const mark = randomUUID();
  const doomed = doomedRunner({ ...told, scratch: rig.scratch, mark, prelude });
  t.teardown(() => void doomed.process.kill("SIGKILL"));
  await doomed.said((line) => line === crash.until);
  // Before the word its sandbox may stand already, and just after it nobody knows; whether it ran is asked below.
  if (!["prepared", "started"].includes(crash.until)) {
    t.ok(await until(() => marked(mark).length > 0), "the step runs");
  }
  const runner = doomed.process.pid ?? 0;
  const launchers = childrenOf(runner);
  const targets = {
    runner: [runner],
    launcher: launchers,
    bubblewrap: launchers.flatMap(childrenOf),
    "runner and launchers": [...launchers, runner],
  };
  targets[kill].forEach((pid) => process.kill(pid, signal));
  if (kill.startsWith("runner")) {
    await doomed.gone;
  } else {
    const ended = await doomed.said((line) => line.startsWith(ENDED));
    t.equal(ended, `${ENDED}"failed"}`, "it is no success");
  }
  t.ok(await until(() => marked(mark).length === 0), "nothing of the step runs");
  // A runner that lives tidies up while somebody looks.
  doomed.process.kill("SIGKILL");
  await doomed.gone;
  t.ok(await until(() => launchersOf(rig) === 0), "no launcher stays");
  t.equal(
    filesOf(rig).some((path) => path.endsWith("/ran")),
    false,
    "nothing ran before the word",
  );
  const secret = crash.secretFiles?.["KEY"];
  t.notOk(secret !== undefined && filesOf(rig).some((path) => readOr(path).includes(secret)), "no secret stays");
  await tidies(t, rig);
}

/** The next runner finds nothing that hinders it, and leaves nothing of the dead one. */
async function tidies(t: Test, rig: Rig): Promise<void> {
  const owners = (): readonly string[] => readdirSync(rig.scratch).filter((name) => name.startsWith("r."));
  const [dead = "?"] = owners();
  t.equal((await rig.run({ script: "echo fine" })).stdout, "fine\n");
  t.notOk(owners().includes(dead));
  t.notOk(cgroupParents(host).some((parent) => readdirSync(parent).some((name) => name.includes(dead))));
  const claims = join(rig.scratch, "uids");
  t.notOk(existsSync(claims) && readdirSync(claims).some((uid) => readOr(join(claims, uid)) === dead));
}

type Doomed = {
  readonly process: ChildProcess;
  readonly gone: Promise<void>;
  /** Resolves with the first line, of those that nobody waited for yet, of which this holds. */
  readonly said: (holds: (line: string) => boolean) => Promise<string>;
};

function doomedRunner(order: DoomedOrder): Doomed {
  const script = fileURLToPath(import.meta.resolve("./doomed-runner.ts"));
  const child = spawn(process.execPath, ["--conditions=@packrun/source", script, JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const said = async (holds: (line: string) => boolean): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) {
        throw new Error("the runner ended without saying so");
      }
      if (holds(value)) {
        return value;
      }
      if (value.startsWith(ENDED)) {
        throw new Error(`the step ended too early: ${value}`);
      }
    }
  };
  return { process: child, gone, said };
}

/**
 * Waits for what others bring about, for as long as a test may take; says whether it came. One look may miss what forks
 * all the time.
 */
async function until(holds: () => boolean): Promise<boolean> {
  for (let round = 0; round < 3000; round += 1) {
    if (holds()) {
      return true;
    }
    await wait(10);
  }
  return false;
}

/** Launchers have the scratch folder on their command line. */
function launchersOf(rig: Rig): number {
  return readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && readOr(`/proc/${name}/cmdline`).includes(`${rig.scratch}/r.`),
  ).length;
}

function filesOf(rig: Rig): readonly string[] {
  return readdirSync(rig.scratch, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

function readOr(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
