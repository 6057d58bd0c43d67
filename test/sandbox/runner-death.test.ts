import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import t from "tap";
import { cgroupParents, findCgroups } from "../../src/sandbox/cgroup/cgroup-host.ts";
import { bootId, ownerHasDied, ownerName } from "../../src/sandbox/watch/process-identity.ts";
import { COMPILED } from "../compiled.ts";
import { openRig } from "./sandbox-rig.ts";

/** A runner in a process of its own; resolves when it has said its word. */
async function runnerUntil(
  word: string,
  scratch: string,
  ...more: readonly string[]
): Promise<{ readonly kill: () => Promise<void> }> {
  const child = spawn(
    process.execPath,
    ["--conditions=@packrun/source", fileURLToPath(import.meta.resolve("./doomed-runner.ts")), scratch, word, ...more],
    { stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NODE_COMPILE_CACHE: COMPILED } },
  );
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for await (const line of createInterface(child.stdout)) {
    if (line === word) {
      break;
    }
  }
  return {
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

function running(word: string): number {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && commandOf(name).includes(word)).length;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return "";
  }
}

/** Waits for something that follows from a death, not for time. */
async function until(holds: () => boolean): Promise<boolean> {
  for (let round = 0; round < 500 && !holds(); round += 1) {
    await wait(10);
  }
  return holds();
}

const launchers = (scratch: string): number => running(scratch);

t.test("a runner that is killed before the word leaves nothing running, and nothing of the step ran", async (t) => {
  const rig = openRig(t);
  const doomed = await runnerUntil("prepared", rig.scratch);
  t.ok(launchers(rig.scratch) > 0, "a launcher waits");
  await doomed.kill();
  t.ok(await until(() => launchers(rig.scratch) === 0));
  t.equal(running("4021"), 0);
  const works = readdirSync(rig.scratch, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith("/ran"));
  t.strictSame(works, []);
});

t.test("a runner that is killed while a step runs takes the step with it, daemons included", async (t) => {
  const rig = openRig(t);
  const doomed = await runnerUntil("running", rig.scratch);
  t.ok(await until(() => running("4021") >= 2), "the step runs");
  await doomed.kill();
  t.ok(await until(() => running("4021") === 0 && launchers(rig.scratch) === 0));
});

t.test("so it is for a step with a way out, in whose network nobody listens any more", async (t) => {
  const rig = openRig(t);
  for (const word of ["prepared", "running"]) {
    const doomed = await runnerUntil(word, rig.scratch, "way out");
    t.equal(await until(() => running("4021") >= 2 || word === "prepared"), true, word);
    await doomed.kill();
    t.ok(await until(() => running("4021") === 0 && launchers(rig.scratch) === 0), word);
  }
});

t.test("the next runner removes cgroups, folders and claims of one that died", async (t) => {
  const rig = openRig(t);
  const doomed = await runnerUntil("running", rig.scratch);
  const owners = (): readonly string[] => readdirSync(rig.scratch).filter((name) => name.startsWith("r."));
  const [dead = ""] = owners();
  const groups = (): readonly string[] =>
    cgroupParents(findCgroups()).flatMap((parent) => readdirSync(parent).filter((name) => name.includes(dead)));
  t.not(dead, "");
  // Looked at while it lives: once it is dead, any runner of this machine may clean up after it.
  t.equal(groups().length > 0, findCgroups().kind !== "none", "it has cgroups");
  await doomed.kill();
  await until(() => running("4021") === 0);
  t.equal((await rig.run({ script: "echo fine" })).stdout, "fine\n");
  t.notOk(owners().includes(dead));
  t.strictSame(groups(), []);
  const claims = join(rig.scratch, "uids");
  const claimed = existsSync(claims) ? readdirSync(claims).map((uid) => readFileSync(join(claims, uid), "utf8")) : [];
  t.notOk(claimed.includes(dead));
});

t.test("what belongs to a live runner, or to one that may live, is left alone", async (t) => {
  const rig = openRig(t);
  const self = ownerName();
  const elsewhere = `r.${bootId().slice(0, 8)}.1.1.1`;
  for (const name of [self, elsewhere, "notes"]) {
    mkdirSync(join(rig.scratch, name), { recursive: true });
    writeFileSync(join(rig.scratch, name, "kept"), "");
  }
  mkdirSync(join(rig.scratch, "r.00000000.1.1.1"));
  await rig.run({ script: "true" });
  for (const name of [self, elsewhere, "notes"]) {
    t.ok(existsSync(join(rig.scratch, name, "kept")), name);
  }
  t.notOk(existsSync(join(rig.scratch, "r.00000000.1.1.1")), "another boot's");
  t.notOk(ownerHasDied(self));
  t.notOk(ownerHasDied(""));
});
