import { chmodSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { answerOf, faultOf, Place, processesWith, until, type PackSpec } from "./place.ts";

t.jobs = 2;

const placeWith = (t: Test, name: string, spec: PackSpec): Place => {
  const place = new Place(t);
  place.pack(name, spec);
  return place;
};
const failedSteps = (place: Place): Readonly<Record<string, string>> =>
  Object.fromEntries(
    place
      .ledger()
      .flatMap(({ eventType, stepId = "", metadata }) =>
        eventType === "step.failed" ? [[stepId, metadata.reason]] : [],
      ),
  );

t.test("what this host cannot hold is planned and shown, and no run of it is made", async (t) => {
  const place = placeWith(t, "wide", { steps: [{ id: "a", run: { command: ["true"] } }] });
  // Others could have prepared it, so no sandbox is built there.
  mkdirSync(place.here("open"));
  chmodSync(place.here("open"), 0o777);
  place.write("packrun.config.yaml", "sandbox: {scratch: open}\n");
  for (const command of ["lint", "plan", "simulate"]) {
    const shown = await place.packrun(command, "wide");
    t.equal(shown.code, 0, `${command}: ${shown.err}`);
  }
  const ran = await place.packrun("run", "wide", "--json");
  t.equal(ran.code, 8, ran.err);
  t.equal(faultOf(ran).code, "SANDBOX_UNAVAILABLE");
  t.strictSame(place.runs(), []);
  t.notOk(existsSync(place.here(".packrun/trust/dev.key")));
});

t.test("what a step leaves running is ended with it", async (t) => {
  const marker = `packrun-daemon-${process.pid}`;
  const leave = `setsid nohup sh -c ': ${marker}; sleep 300; :' >/dev/null 2>&1 & sleep 0.5; echo left`;
  const place = placeWith(t, "daemon", { steps: [{ id: "leave", run: { script: leave } }] });
  const run = place.start(["run", "daemon", "--json"]);
  await until("the daemon", () => processesWith(marker).length > 0);
  const ran = await run.ended;
  t.equal(ran.code, 0, ran.err);
  t.strictSame(processesWith(marker), []);
});

t.test("a flood of output ends its step and does not grow the runner", async (t) => {
  const place = placeWith(t, "flood", {
    sandbox: { limits: { log: "1Mi" } },
    steps: [
      { id: "lines", run: { script: "yes 'a line that says little' | head -c 268435456" }, continueOnError: true },
      { id: "noise", run: { script: "head -c 268435456 /dev/zero | tr '\\0' x" } },
    ],
  });
  const run = place.start(["run", "flood", "--json"]);
  let peak = 0;
  const look = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${run.child.pid ?? 0}/status`, "utf8");
      peak = Math.max(peak, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
    } catch {
      // It has ended.
    }
  }, 10);
  const ended = await run.ended;
  clearInterval(look);
  t.equal(ended.code, 1, ended.err);
  t.strictSame(failedSteps(place), { lines: "STEP_LOG_TOO_LARGE", noise: "STEP_LOG_TOO_LARGE" });
  t.ok(peak > 0 && peak < 220 * 1024, `the runner took at most ${peak} KiB`);
  const kept = readFileSync(place.runFile(place.lastRun() ?? "", "ledger.jsonl")).length;
  t.ok(kept < 6 << 20, `the ledger has ${kept} bytes`);
});

t.test("a step that ignores SIGTERM is killed after its timeout, with all its processes", async (t) => {
  const marker = `packrun-deaf-${process.pid}`;
  const place = placeWith(t, "deaf", {
    steps: [
      {
        id: "deaf",
        run: { script: `trap '' TERM; (trap '' TERM; sleep 300; : ${marker}) & while :; do sleep 1; done` },
        timeout: "1s",
      },
    ],
  });
  const ran = await place.packrun("run", "deaf", "--json");
  t.equal(ran.code, 1, ran.err);
  t.strictSame(failedSteps(place), { deaf: "STEP_TIMEOUT" });
  t.strictSame(processesWith(marker), []);
});

t.test("a run that is slower than its wall clock ends with 124", async (t) => {
  const place = placeWith(t, "late", {
    sandbox: { wallClock: "1s" },
    steps: [{ id: "long", run: { command: ["sleep", "100"] } }],
    finally: [{ id: "sweep", run: { command: ["true"] } }],
  });
  const ran = await place.packrun("run", "late", "--json");
  t.equal(ran.code, 124, ran.err);
  t.match(answerOf(ran), { status: "failed", reason: "RUN_WALL_CLOCK", exitCode: 124 });
});

t.test("every way in which a step or its outputs can be wrong has its code, and the run fails with 1", async (t) => {
  const file = { outputs: { it: { file: "it" } } };
  const cases: Readonly<Record<string, readonly [string, object]>> = {
    exit: ["STEP_EXIT", { run: { script: "exit 7" } }],
    memory: ["STEP_OOM", { run: { script: "head -c 300000000 /dev/zero | tail -c 299999999 | wc -c" } }],
    missing: ["STEP_OUTPUT_MISSING", { run: { script: "true" }, ...file }],
    untyped: ["STEP_OUTPUT_MISSING", { run: { script: "true" }, outputs: { n: { type: "integer" } } }],
    mistyped: [
      "STEP_OUTPUT_TYPE",
      { run: { script: 'echo \'{"n": "three"}\' > "$PACKRUN_OUTPUT"' }, outputs: { n: { type: "integer" } } },
    ],
    folder: ["STEP_OUTPUT_TYPE", { run: { script: "mkdir it" }, ...file }],
    link: ["STEP_OUTPUT_UNSAFE", { run: { script: "ln -s /etc/passwd it" }, ...file }],
    fifo: ["STEP_OUTPUT_UNSAFE", { run: { script: "mkfifo it" }, ...file }],
    large: ["STEP_OUTPUT_TOO_LARGE", { run: { script: "head -c 3000000 /dev/zero > it" }, ...file }],
    absent: ["STEP_SETUP", { run: { command: ["no-such-program"] } }],
  };
  const steps = Object.entries(cases).map(([id, [, step]]) => ({ id, ...step }));
  const place = placeWith(t, "wrong", {
    sandbox: { limits: { artifacts: "2Mi" } },
    steps: [{ id: "all", parallel: { maxParallel: 2, steps } }],
  });
  const ran = await place.packrun("run", "wrong", "--json");
  t.equal(ran.code, 1, ran.err);
  const expected = Object.fromEntries(Object.entries(cases).map(([id, [code]]) => [id, code]));
  t.strictSame(failedSteps(place), expected);
  const unset = place.ledger().find(({ eventType, stepId }) => eventType === "step.failed" && stepId === "absent");
  t.match(unset, { metadata: { hint: /no-such-program is on the sandbox's PATH nowhere; nothing of the step ran/ } });
  t.match(answerOf(ran), { status: "failed", reason: "STEP_EXIT" });
  t.equal((await place.packrun("verify", "last")).code, 0, "what failed is attested, too");
  const artifacts = await place.packrun("runs", "artifacts", "last", "--json");
  const { items } = JSON.parse(artifacts.out) as {
    items: readonly { stepId: string; status: string; notes?: string }[];
  };
  t.match(
    items.find(({ stepId }) => stepId === "missing"),
    { status: "missing", notes: "STEP_OUTPUT_MISSING" },
  );
  t.match(
    items.find(({ stepId }) => stepId === "fifo"),
    { status: "refused", notes: "STEP_OUTPUT_UNSAFE" },
  );
});

t.test("a failed attempt is tried again, and the run tells how often", async (t) => {
  const place = placeWith(t, "again", {
    steps: [
      {
        id: "third",
        run: { script: 'echo "try $PACKRUN_ATTEMPT"; [ "$PACKRUN_ATTEMPT" -ge 3 ]' },
        retry: { maxAttempts: 3, backoff: { initial: "1ms", factor: 1, max: "1ms" } },
      },
    ],
  });
  const ran = await place.packrun("run", "again", "--json");
  t.equal(ran.code, 0, ran.err);
  t.match(answerOf(ran).steps, [{ id: "third", status: "succeeded", attempts: 3 }]);
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("a step that floods while it is cancelled leaves a run that ends", async (t) => {
  const place = placeWith(t, "busy", {
    sandbox: { limits: { log: "64Mi" } },
    steps: [{ id: "busy", run: { script: "trap '' TERM; while :; do echo again and again; done" }, timeout: "20s" }],
  });
  const run = place.start(["run", "busy", "--json"]);
  await place.event("output", ({ eventType }) => eventType === "step.output");
  run.child.kill("SIGINT");
  await until("the note", () => run.err().includes("cancelling"));
  const ended = await run.ended;
  t.equal(ended.code, 130, ended.err);
  t.equal((await place.packrun("verify", "last")).code, 0);
});
