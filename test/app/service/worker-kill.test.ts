import { spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import type { RunKey } from "#port/run-store.ts";
import { KEEPING } from "../../compiled.ts";
import { serviceWorld, type ServiceWorld } from "./service-world.ts";

const RUNS = 60;
const WORKERS = 3;
const KILLS = 5;
const SCRIPT = new URL("worker-process.ts", import.meta.url).pathname;

function startWorker(folder: string): ChildProcess {
  return spawn(process.execPath, ["--conditions=@packrun/source", SCRIPT, folder], {
    stdio: ["ignore", "ignore", "inherit"],
    env: { PATH: process.env["PATH"] ?? "", ...KEEPING },
  });
}

/** Runs that have not ended. */
async function unfinished(world: ServiceWorld): Promise<number> {
  return (await world.workplace.store.index.unfinished()).length;
}

t.test(
  "three workers over one store, killed at any moment, finish every run, and no finished step twice",
  async (t) => {
    const world = await serviceWorld(t);
    const notes = world.place.write("notes", "");
    const steps = ["one", "two"]
      .map((id) => `    - {id: ${id}, run: {command: [note, ${JSON.stringify(notes)}]}, idempotent: true}`)
      .join("\n");
    const slow = `    - {id: slow, run: {command: [sleep, "0.1"]}, idempotent: true}`;
    const pack = await world.upload(`${steps}\n${slow}`);
    const keys: RunKey[] = [];
    for (let n = 0; n < RUNS; n += 1) {
      keys.push(await world.submit({ pack, inputs: {} }));
    }
    const children = Array.from({ length: WORKERS }, () => startWorker(world.place.here()));
    t.teardown(() => children.forEach((child) => child.kill("SIGKILL")));
    let kills = 0;
    while ((await unfinished(world)) > 0) {
      const atWork = (await world.workplace.store.index.unfinished()).some(({ status }) => status === "running");
      if (atWork && kills < KILLS) {
        const victim = Math.floor(Math.random() * WORKERS);
        children[victim]?.kill("SIGKILL");
        children[victim] = startWorker(world.place.here());
        kills += 1;
      }
      await pause(100 + Math.random() * 900);
    }
    t.equal(kills, KILLS, "it was killed as often as it should be");
    // One that was started only now does not hear yet.
    await pause(3000);
    await Promise.all(
      children.map(async (child) => {
        const gone = once(child, "exit");
        child.kill("SIGTERM");
        t.same(await gone, [0, null], "a worker that is told to stop ends in order");
      }),
    );
    for (const key of keys) {
      await checkRun(t, key, world);
    }
  },
);

async function checkRun(t: Test, key: RunKey, world: ServiceWorld): Promise<void> {
  const ended = new Set<string>();
  const wrong: string[] = [];
  for (const { eventType, stepId = "" } of await world.events(key)) {
    if (eventType === "step.started" && ended.has(stepId)) {
      wrong.push(`${stepId} began again`);
    }
    if (eventType === "step.succeeded") {
      ended.add(stepId);
    }
  }
  const { status } = await world.state(key);
  const sealed = existsSync(join(world.workplace.settings.stateFolder, "evidence", key.runId));
  t.same({ status, wrong, sealed, ended: ended.size }, { status: "succeeded", wrong: [], sealed: true, ended: 3 });
}
