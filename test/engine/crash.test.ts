import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import t, { type Test } from "tap";
import type { LedgerEvent } from "#run/event.ts";
import { answerOf, Place, processesWith, until, type Running } from "../cli/place.ts";
import { askPackrun } from "../packs/tampered/ask-packrun.ts";

// Each step appends its name to what the steps before it said, so the pack's output tells what ran and in which order.
const after = (step: string): string => `\${{ steps.${step}.outputs.trail }}`;
const spec = (marker: string) => {
  const step = (id: string, prev: string, more: object = {}) => ({
    id,
    outputs: { trail: { type: "string" } },
    run: { command: ["./step.sh", marker] },
    env: { ID: id, PREV: prev },
    ...more,
  });
  const again = { retry: { maxAttempts: 20, backoff: { initial: "1ms", factor: 1, max: "1ms" } } };
  const idempotent = { idempotent: true };
  return {
    inputs: { hosts: { type: "array", default: ["x", "y", "z"] } },
    steps: [
      step("first", "", idempotent),
      {
        id: "beside",
        parallel: {
          steps: [
            step("left", after("first"), again),
            step("right", after("first"), { ...idempotent, ...again }),
            step("behind", after("left"), { needs: ["left"], ...idempotent }),
          ],
        },
      },
      {
        id: "each",
        map: {
          items: "${{ inputs.hosts }}",
          as: "host",
          steps: [step("to", `${after("behind")} \${{ host }}`, again), step("from", after("to"), idempotent)],
        },
      },
      step("last", '${{ steps["from"].map(one, one.outputs.trail).join("|") }}', again),
    ],
    finally: [step("sweep", "", idempotent), step("close", "", again)],
    outputs: { trail: { from: after("last") } },
  };
};
const EXPECTED = `${["x", "y", "z"].map((host) => `first left behind ${host} to from`).join("|")} last`;
const STEPS = 4 + 6 + 1 + 2;
const CGROUPS = "/sys/fs/cgroup/memory";

/**
 * Where the processes of a run are killed: after so many lines more than its ledger held when they began. Each place is
 * another one: alone (1, 2, 4), amid steps side by side (7 to 16) and a map (18 to 36), and where `finally` begins (45); a
 * resumption right at its start (1), before what it makes up for has ended (4), and well on its way (7 and more).
 */
const KILLS = [
  [1, 13, 22],
  [2, 1, 26],
  [4, 4, 10],
  [7, 22, 7],
  [16, 20, 9],
] as const;
/** How long after such a line, in milliseconds: it may be on its way to the disk, or what it began at work. */
const OFFSETS = [0, 3, 11, 27] as const;

type Trial = {
  readonly place: Place;
  readonly scratch: string;
  readonly marker: string;
  readonly pids: number[];
  /** What the ledger held after each kill. */
  readonly seen: string[];
};

function prepare(t: Test, name: string): Trial {
  const place = new Place(t);
  const marker = `packrun-crash-${process.pid}-${name}`;
  const scratch = mkdtempSync("/var/tmp/packrun-crash-");
  chmodSync(scratch, 0o711);
  t.teardown(() => rmSync(scratch, { recursive: true, force: true }));
  place.write("packrun.config.yaml", `sandbox: {scratch: ${scratch}}\n`);
  place.pack("crash", spec(marker));
  const text = '#!/bin/sh\nsleep 0.02\nprintf \'{"trail":"%s"}\' "${PREV:+$PREV }$ID" > "$PACKRUN_OUTPUT"\n';
  place.write("crash/step.sh", text, 0o755);
  return { place, scratch, marker, pids: [], seen: [] };
}

const rawLedger = ({ place }: Trial): string => {
  const runId = place.lastRun();
  return runId === undefined ? "" : readFileSync(place.runFile(runId, "ledger.jsonl"), "utf8");
};
/** The lines that count: neither a torn one, nor those of a batch that is not whole, which stands behind a NUL. */
const countedLines = (text: string): string => {
  const [counted = ""] = text.split("\0", 1);
  return counted.slice(0, counted.lastIndexOf("\n") + 1);
};

/** Starts the run, or goes on with the one that is there, by its id: one that was just made may be in no index yet. */
function go(trial: Trial): Running {
  const runId = trial.place.lastRun();
  const args = runId === undefined ? ["run", "crash"] : ["resume", runId];
  const running = trial.place.start([...args, "--json", "--max-parallel", "3"]);
  trial.pids.push(running.child.pid ?? 0);
  return running;
}

/** Kills what runs at a moment; keeps what the ledger held then. */
async function killAt(trial: Trial, running: Running, lines: number, offset: number): Promise<void> {
  const { child } = running;
  await until(`line ${lines}`, () => child.exitCode !== null || rawLedger(trial).split("\n").length > lines);
  await pause(offset);
  child.kill("SIGKILL");
  await running.ended;
  trial.seen.push(countedLines(rawLedger(trial)));
  await until("the end of the steps of a killed runner", () => processesWith(trial.marker).length === 0);
}

function checkLedger(t: Test, events: readonly LedgerEvent[]): void {
  t.strictSame(
    events.map(({ sequence }) => sequence),
    events.map((_, at) => at + 1),
    "no event is missing or doubled",
  );
  const succeeded = new Set<string>();
  const started = new Set<string>();
  for (const { eventType, stepId = "", attempt = 0 } of events) {
    if (eventType === "step.started") {
      t.notOk(succeeded.has(stepId), `${stepId} is not started after it succeeded`);
      t.notOk(started.has(`${stepId} ${attempt}`), `attempt ${attempt} of ${stepId} is started once`);
      started.add(`${stepId} ${attempt}`);
    } else if (eventType === "step.succeeded") {
      t.notOk(succeeded.has(stepId), `${stepId} succeeds once`);
      succeeded.add(stepId);
    }
  }
  t.equal(succeeded.size, STEPS, "every step succeeded");
  t.equal(events.filter(({ eventType }) => eventType === "run.finished").length, 1);
}

/** Control groups, scratch folders and half runs of the processes of a trial. */
function leftovers({ place, pids, scratch }: Trial): readonly string[] {
  const ours = (name: string): boolean => pids.some((pid) => name.includes(`.${pid}.`));
  const groups = existsSync(CGROUPS) ? readdirSync(CGROUPS).filter(ours) : [];
  const halves = readdirSync(place.here(".packrun/runs")).filter((name) => name.startsWith("."));
  return [...groups, ...readdirSync(scratch).filter(ours), ...halves];
}

async function checkLeftovers(t: Test, trial: Trial): Promise<void> {
  t.strictSame(processesWith(trial.marker), [], "no step is left");
  if (leftovers(trial).length > 0) {
    // The last process had only to seal; whoever starts steps next tidies up.
    trial.place.pack("next", { steps: [{ id: "one", run: { command: ["true"] } }] });
    t.equal((await trial.place.packrun("run", "next")).code, 0);
  }
  t.strictSame(leftovers(trial), []);
}

/** Kills the run and its resumptions, then lets it end. */
async function crash(t: Test, row: number, kills: readonly number[]): Promise<void> {
  const trial = prepare(t, String(row));
  for (const [at, lines] of kills.entries()) {
    const before = rawLedger(trial).split("\n").length - 1;
    await killAt(trial, go(trial), before + lines, OFFSETS[(row + at) % OFFSETS.length] ?? 0);
  }
  const ended = await go(trial).ended;
  t.equal(ended.code, 0, ended.err);
  t.match(answerOf(ended), { status: "succeeded", outputs: { trail: { value: EXPECTED } } });
  const whole = rawLedger(trial);
  t.ok(
    trial.seen.every((seen) => whole.startsWith(seen)),
    "what was in the ledger at a crash stays in it",
  );
  checkLedger(t, trial.place.ledger());
  const evidence = `.packrun/evidence/${answerOf(ended).runId}`;
  const verified = await askPackrun(trial.place.folder, [evidence, "--trust", ".packrun/trust/trust-root.json"]);
  t.equal(verified.code, 0, verified.stdout);
  await checkLeftovers(t, trial);
}

t.jobs = 2;

for (const [row, kills] of KILLS.entries()) {
  const [first, ...more] = kills;
  t.test(
    `a run that is killed after ${first} ledger lines, and ${more.join(" and ")} later, ends as if nothing had been`,
    (t) => crash(t, row, kills),
  );
}

t.test("a run that is killed before its ledger begins leaves nothing half done", async (t) => {
  const trial = prepare(t, "early");
  for (const wait of [150, 300, 420, 480, 540, 600]) {
    const running = go(trial);
    await pause(wait);
    running.child.kill("SIGKILL");
    await running.ended;
    if (trial.place.lastRun() !== undefined) {
      break;
    }
  }
  const ended = await go(trial).ended;
  t.equal(ended.code, 0, ended.err);
  checkLedger(t, trial.place.ledger());
  await checkLeftovers(t, trial);
  t.ok(existsSync(join(answerOf(ended).evidence ?? "", "evidence.manifest.json")));
});

t.test("a step that may not be repeated is lost with its runner, and the run says so", async (t) => {
  const place = new Place(t);
  const once = { id: "once", run: { script: "sleep 50" } };
  place.pack("fragile", { steps: [once], finally: [{ id: "sweep", run: { command: ["true"] } }] });
  const run = place.start(["run", "fragile"]);
  await place.event("the running step", ({ eventType }) => eventType === "step.started");
  run.child.kill("SIGKILL");
  await run.ended;
  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 1, ended.err);
  t.match(answerOf(ended), {
    status: "failed",
    reason: "STEP_LOST",
    steps: [
      { id: "once", status: "failed" },
      { id: "sweep", status: "succeeded" },
    ],
  });
  t.equal((await place.packrun("verify", "last")).code, 0);
});
