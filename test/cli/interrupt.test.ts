import t, { type Test } from "tap";
import { answerOf, faultOf, Place, processesWith, until, type Running } from "./place.ts";

const spec = {
  steps: [
    { id: "slow", run: { command: ["./slow.sh", "MARKER"] }, idempotent: true, timeout: "40s" },
    { id: "next", run: { command: ["true"] } },
  ],
  finally: [{ id: "sweep", run: { command: ["echo", "swept"] } }],
};
const slow = `#!/bin/sh
trap 'echo asked to end; exit 3' TERM
echo ready
while :; do sleep 0.05; done
`;

/** A run whose first step runs and listens to SIGTERM. */
async function running(t: Test, script = slow): Promise<{ place: Place; run: Running; marker: string }> {
  const place = new Place(t);
  const marker = `packrun-interrupt-${process.pid}-${t.name.length}`;
  place.pack("slow", JSON.parse(JSON.stringify(spec).replace("MARKER", marker)) as typeof spec);
  place.write("slow/slow.sh", script, 0o755);
  const run = place.start(["run", "slow", "--json"]);
  await place.event("the step's first line", ({ eventType }) => eventType === "step.output");
  return { place, run, marker };
}

t.jobs = 2;

for (const [signal, code] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const) {
  t.test(`${signal} once cancels in order and ends with ${code}`, async (t) => {
    const { place, run, marker } = await running(t);
    run.child.kill(signal);
    const ended = await run.ended;
    t.equal(ended.code, code, ended.err);
    t.match(ended.err, "cancelling; once more ends everything at once");
    t.match(answerOf(ended), {
      status: "cancelled",
      reason: "RUN_CANCELLED",
      exitCode: code,
      steps: [
        { id: "slow", status: "cancelled" },
        { id: "next", status: "skipped", reason: "RUN_STOPPING" },
        { id: "sweep", status: "succeeded" },
      ],
    });
    const lines = place.ledger().flatMap((event) => (event.eventType === "step.output" ? event.metadata.lines : []));
    t.strictSame(lines, ["ready", "asked to end", "swept"], "the step was asked first, then finally ran");
    t.strictSame(processesWith(marker), []);
    const verified = await place.packrun("verify", "last");
    t.equal(verified.code, 0, verified.out);
  });
}

t.test("an interrupt twice ends everything at once, and the run can be resumed", async (t) => {
  const deaf = "#!/bin/sh\ntrap '' TERM\necho ready\n[ \"$PACKRUN_ATTEMPT\" = 2 ] || while :; do sleep 0.05; done\n";
  const { place, run, marker } = await running(t, deaf);
  run.child.kill("SIGINT");
  await until("the answer to the first", () => run.err().includes("cancelling"));
  run.child.kill("SIGINT");
  const asked = Date.now();
  const ended = await run.ended;
  t.ok(Date.now() - asked < 4000, "it does not wait for the five seconds of grace");
  t.equal(ended.code, 130, ended.err);
  t.match(ended.err, `\`packrun resume ${place.lastRun()}\` goes on`);
  await until("the end of the step", () => processesWith(marker).length === 0);
  t.notOk(place.ledger().some(({ eventType }) => eventType === "run.finished"));

  const resumed = await place.packrun("resume", "last", "--json");
  t.equal(resumed.code, 130, resumed.err);
  t.match(answerOf(resumed), { status: "cancelled" }, "the cancel that was recorded stands");
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("an interrupt while the run only waits cancels it", async (t) => {
  const place = new Place(t);
  place.pack("gated", {
    approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [{ id: "ok", gate: { approval: "go" } }],
  });
  const run = place.start(["run", "gated", "--json"]);
  await place.event("the wait", ({ eventType }) => eventType === "run.waiting");
  run.child.kill("SIGINT");
  const ended = await run.ended;
  t.equal(ended.code, 130, ended.err);
  t.match(answerOf(ended), { status: "cancelled" });
  t.equal((await place.packrun("verify", "last")).code, 0);
});

t.test("only one process drives a run; the other says that it is busy", async (t) => {
  const { place, run } = await running(t);
  run.child.kill("SIGKILL");
  await run.ended;
  const before = place.ledger().length;
  const one = place.start(["resume", "last", "--json"]);
  await until("the resumed run", () =>
    place
      .ledger()
      .slice(before)
      .some(({ eventType }) => eventType === "step.output"),
  );
  const other = await place.packrun("resume", "last", "--json");
  t.equal(other.code, 10, other.err);
  t.equal(faultOf(other).code, "RUN_BUSY");
  t.equal((await place.packrun("runs", "show", "last")).code, 0, "it can be looked at all the same");
  const cancelled = await place.packrun("cancel", "last", "--reason", "wrong channel", "--json");
  t.equal(cancelled.code, 0, cancelled.err);
  t.equal((await one.ended).code, 130);
  t.match(
    place.ledger().find(({ eventType }) => eventType === "run.cancelRequested"),
    { metadata: { by: "developer", reason: "wrong channel" } },
  );
  const late = await place.packrun("cancel", "last", "--json");
  t.equal(late.code, 5);
  t.equal(faultOf(late).code, "RUN_FINISHED");
});

t.test("a run whose process is stopped is not taken from it, and goes on with it", async (t) => {
  const { place, run } = await running(t, "#!/bin/sh\necho ready\nread -r line < /dev/null; sleep 1\n");
  run.child.kill("SIGSTOP");
  const resumed = await place.packrun("resume", "last", "--json");
  t.equal(resumed.code, 10, resumed.err);
  const said = new RegExp(`process ${run.child.pid}, which is stopped`);
  t.match(faultOf(resumed), { code: "RUN_BUSY", message: said, hint: /kill -CONT \d+.*kill -KILL \d+/ });
  const cancelled = await place.packrun("cancel", "last", "--json");
  t.match(faultOf(cancelled), { code: "COMMAND_UNANSWERED", hint: /kill -CONT \d+/ });
  run.child.kill("SIGCONT");
  t.equal((await run.ended).code, 130, "it takes the command that waits for it");
  const starts = place.ledger().filter(({ eventType, stepId }) => eventType === "step.started" && stepId === "slow");
  t.equal(starts.length, 1);
});

t.test("a run whose process died is shown as one that nobody drives", async (t) => {
  const { place, run } = await running(t);
  const [runId = ""] = place.runs();
  t.match((await place.packrun("runs", "list")).out, new RegExp(`^${runId} {2}running .*acme/slow@1.0.0$`, "m"));
  t.equal((await place.packrun("runs", "show", "last")).err, "", "its process is at work");
  run.child.kill("SIGKILL");
  await run.ended;
  t.match((await place.packrun("runs", "list")).out, /^(\S+) .* no process drives it: packrun resume \1$/m);
  const { items } = JSON.parse((await place.packrun("runs", "list", "--json")).out) as { items: unknown[] };
  t.match(items, [{ runId, status: "running", driven: false }]);
  t.match((await place.packrun("runs", "show", "last")).err, `go on with: packrun resume ${runId}`);
});

t.test("a cancel of a run that nobody drives is recorded, and resume ends it", async (t) => {
  const { place, run } = await running(t);
  run.child.kill("SIGKILL");
  await run.ended;
  t.equal((await place.packrun("cancel", "last")).code, 0);
  const ended = await place.packrun("resume", "last", "--json");
  t.equal(ended.code, 130, ended.err);
  t.match(answerOf(ended).steps.at(-1), { id: "sweep", status: "succeeded" });
  t.equal((await place.packrun("verify", "last")).code, 0);
});
