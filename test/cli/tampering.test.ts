import { cpSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Ended } from "./command-line.ts";
import { answerOf, faultOf, Place } from "./place.ts";

const spec = {
  inputs: { channel: { type: "string", default: "beta" } },
  approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
  steps: [
    { id: "build", run: { command: ["./build.sh", "${{ inputs.channel }}"] } },
    { id: "ok", gate: { approval: "release" } },
    { id: "ship", run: { command: ["./ship.sh"] } },
  ],
};

type Waiting = { readonly place: Place; readonly runId: string; readonly key: string };

// One run that waits is made once; each test spoils a copy of its own.
const original = new Place(t);
original.pack("pack", spec);
original.write("pack/build.sh", "#!/bin/sh\necho built\n", 0o755);
original.write("pack/ship.sh", "#!/bin/sh\necho shipped\n", 0o755);
const ran = await original.packrun("run", "pack", "--no-wait", "--json");
const { runId } = answerOf(ran);
const key = await original.person("alice");

function waiting(t: Test): Waiting {
  t.equal(ran.code, 4, ran.err);
  const place = new Place(t);
  cpSync(original.folder, place.folder, { recursive: true });
  return { place, runId, key };
}

const approve = ({ place, key }: Waiting) => place.packrun("approve", "last", "ok", "--key", key, "--json");

function edit(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, text.replace(from, to));
  if (readFileSync(file, "utf8") === text) {
    throw new Error(`${file} does not hold ${from}`);
  }
}

/** The stored copy of a pack's file. */
function storedCopy({ place }: Waiting, text: string): string {
  const root = place.here(".packrun/artifacts");
  const found = readdirSync(root, { recursive: true, encoding: "utf8" })
    .map((name) => join(root, name))
    .find((path) => statSync(path).isFile() && readFileSync(path, "utf8") === text);
  if (found === undefined) {
    throw new Error("no such artifact");
  }
  return found;
}

/** The run ends for drift: said by the command, by the ledger and by the sealed evidence. */
async function endsForDrift(t: Test, waiting: Waiting, command: "approve" | "resume", where: object): Promise<void> {
  const { place } = waiting;
  const answer = command === "approve" ? await approve(waiting) : await place.packrun("resume", "last", "--json");
  t.equal(answer.code, 6, answer.out + answer.err);
  t.match(answer.out, "PLAN_DRIFT");
  const types = place.ledger().map(({ eventType }) => eventType);
  t.match(
    place.ledger().find(({ eventType }) => eventType === "plan.drift"),
    { metadata: where },
  );
  t.match(place.ledger().at(-1), { eventType: "run.finished", metadata: { status: "failed", reason: "PLAN_DRIFT" } });
  t.notOk(types.includes("gate.decision"), "no approval was counted");
}

t.jobs = 2;

for (const command of ["resume", "approve"] as const) {
  t.test(`${command}: an edited plan is drift`, async (t) => {
    const run = waiting(t);
    edit(run.place.runFile(run.runId, "plan.canonical.json"), '"./ship.sh"', '"./own.sh"');
    await endsForDrift(t, run, command, { node: "ship" });
  });

  t.test(`${command}: a plan that cannot be read any more is drift, and the run is sealed as what it is`, async (t) => {
    const run = waiting(t);
    const { place, runId } = run;
    writeFileSync(place.runFile(runId, "plan.canonical.json"), '{"steps":');
    await endsForDrift(t, run, command, {});
    const shown = await place.packrun("runs", "show", "last", "--json");
    t.match(answerOf(shown), { status: "failed", reason: "PLAN_DRIFT" });
    const verified = await place.packrun("verify", "last", "--json");
    t.equal(verified.code, 7, verified.out);
    t.match(verified.out, /"PLAN_BYTES_MISMATCH"|"PLAN_FILE"/);
  });

  t.test(`${command}: edited inputs are drift`, async (t) => {
    const run = waiting(t);
    edit(run.place.runFile(run.runId, "inputs.lock"), '"beta"', '"stable"');
    await endsForDrift(t, run, command, { node: "", pointer: "/inputs/channel/value" });
  });

  t.test(`${command}: a lock that is not the run's is drift, although it compiles to the same plan`, async (t) => {
    const run = waiting(t);
    edit(run.place.runFile(run.runId, "inputs.lock"), '"source":"default"', '"source":"flag"');
    await endsForDrift(t, run, command, { node: "", pointer: "/inputs", hint: /inputs\.lock/ });
    t.equal((await run.place.packrun("verify", "last", "--json")).code, 7, "it is sealed as what it is");
  });

  t.test(`${command}: a lock that is gone is drift, and it is said what is gone`, async (t) => {
    const run = waiting(t);
    rmSync(run.place.runFile(run.runId, "inputs.lock"));
    await endsForDrift(t, run, command, { node: "", pointer: "/inputs", hint: /inputs\.lock/ });
  });

  t.test(`${command}: an edited copy of the pack's text is drift`, async (t) => {
    const run = waiting(t);
    edit(storedCopy(run, readFileSync(run.place.here("pack/pack.yaml"), "utf8")), "./build.sh", "./owned.sh");
    await endsForDrift(t, run, command, { node: "", pointer: "/pack/digest" });
  });

  t.test(`${command}: an edited ledger is broken, for every command but runs ledger`, async (t) => {
    const run = waiting(t);
    const { place, runId } = run;
    edit(place.runFile(runId, "ledger.jsonl"), '"lines":["built"]', '"lines":["nothing"]');
    const before = readFileSync(place.runFile(runId, "ledger.jsonl"), "utf8");
    const answer = command === "approve" ? await approve(run) : await place.packrun("resume", "last", "--json");
    t.equal(answer.code, 7, answer.out + answer.err);
    t.equal(faultOf(answer).code, "LEDGER_BROKEN");
    const shown = await place.packrun("runs", "show", "last", "--json");
    t.equal(shown.code, 7);
    t.equal(faultOf(shown).code, "LEDGER_BROKEN");
    const printed = await place.packrun("runs", "ledger", "last");
    t.equal(printed.code, 0);
    t.equal(printed.out, before, "it is shown as it stands, and nothing was added");
  });
}

/** A run whose first step takes its time, which `spoil` uses on its stored plan. */
async function spoiltWhileRunning(
  place: Place,
  steps: readonly object[],
  spoil: (plan: string) => void,
): Promise<Ended> {
  const wait = { id: "wait", run: { command: ["sleep", "1"] } };
  place.pack("slow", { steps: [wait, ...steps] });
  const run = place.start(["run", "slow", "--json"]);
  await place.event("a step", ({ eventType }) => eventType === "step.started");
  spoil(place.runFile(place.lastRun() ?? "", "plan.canonical.json"));
  return run.ended;
}
const planned = { id: "then", run: { command: ["echo", "planned"] } };

t.test("a plan that is edited while a step runs is drift before the next one", async (t) => {
  const place = new Place(t);
  const ended = await spoiltWhileRunning(place, [planned], (plan) => edit(plan, '"planned"', '"altered"'));
  t.equal(ended.code, 6, ended.out + ended.err);
  t.match(answerOf(ended), { status: "failed", reason: "PLAN_DRIFT" });
  const drift = place.ledger().find(({ eventType }) => eventType === "plan.drift");
  t.match(drift, { metadata: { node: "then", pointer: "", code: "PLAN_DRIFT", hint: /plan\.canonical\.json/ } });
  const started = place.ledger().filter(({ eventType }) => eventType === "step.started");
  t.match(started, [{ stepId: "wait" }]);
  const verified = await place.packrun("verify", "last", "--json");
  t.equal(verified.code, 7, verified.out);
  t.match(verified.out, "PLAN_BYTES_MISMATCH");
});

t.test("a plan that is removed while a step runs is drift, and the run is sealed without it", async (t) => {
  const place = new Place(t);
  const ended = await spoiltWhileRunning(place, [planned], (plan) => rmSync(plan));
  t.equal(ended.code, 6, ended.out + ended.err);
  t.match(answerOf(ended), { status: "failed", reason: "PLAN_DRIFT" });
  const verified = await place.packrun("verify", "last", "--json");
  t.equal(verified.code, 7, verified.out);
  t.match(verified.out, "plan.canonical.json");
});

t.test("a run is not sealed beside a plan that was edited during its last step", async (t) => {
  const place = new Place(t);
  const ended = await spoiltWhileRunning(place, [], (plan) => edit(plan, '"sleep","1"', '"sleep","2"'));
  t.equal(ended.code, 6, ended.out + ended.err);
  t.match(faultOf(ended), { code: "PLAN_DRIFT" });
  const refused = await place.packrun("verify", "last", "--json");
  t.equal(refused.code, 6, refused.out + refused.err);
  edit(place.runFile(place.lastRun() ?? "", "plan.canonical.json"), '"sleep","2"', '"sleep","1"');
  const verified = await place.packrun("verify", "last", "--json");
  t.equal(verified.code, 0, verified.out);
});

t.test("a step whose file was changed in the store does not start, and the run stops", async (t) => {
  const run = waiting(t);
  t.equal((await approve(run)).code, 0);
  writeFileSync(storedCopy(run, "#!/bin/sh\necho shipped\n"), "#!/bin/sh\necho stolen\n");
  const ended = await run.place.packrun("resume", "last", "--json");
  t.equal(ended.code, 6, ended.out);
  t.match(answerOf(ended), { status: "failed", reason: "PLAN_DRIFT" });
  const drift = run.place.ledger().find(({ eventType }) => eventType === "plan.drift");
  t.match(drift, { metadata: { node: "ship", pointer: "/files/ship.sh", hint: /ship\.sh/ } });
  t.notOk(run.place.ledger().some(({ eventType, stepId }) => eventType === "step.output" && stepId === "ship"));
});

t.test("the pack's own folder may change while the run waits: what was planned is what runs", async (t) => {
  const run = waiting(t);
  run.place.write("pack/ship.sh", "#!/bin/sh\necho stolen\n", 0o755);
  t.equal((await approve(run)).code, 0);
  t.equal((await run.place.packrun("resume", "last")).code, 0);
  t.match((await run.place.packrun("runs", "logs", "last", "--step", "ship")).out, /^shipped$/m);
  rmSync(run.place.here("pack"), { recursive: true });
  t.equal((await run.place.packrun("verify", "last")).code, 0);
});

t.test("a run of another plan than the one that was approved is refused", async (t) => {
  const place = new Place(t);
  place.pack("one", {
    inputs: { n: { type: "integer", default: 1 } },
    steps: [{ id: "a", run: { command: ["true"] } }],
  });
  const planned = await place.packrun("plan", "one", "--json");
  const { planHash } = JSON.parse(planned.out) as { planHash: string };
  const other = await place.packrun("run", "one", "-i", "n=2", "--plan-hash", planHash, "--json");
  t.equal(other.code, 6, other.err);
  t.equal(faultOf(other).code, "PLAN_HASH_MISMATCH");
  t.strictSame(place.runs(), [], "no run was made");
  const ran = await place.packrun("run", "one", "--plan-hash", planHash, "--json");
  t.equal(ran.code, 0, ran.err);
  t.equal((await place.packrun("verify", "last", "--plan-hash", planHash)).code, 0);
  const wrong = `sha256:${"0".repeat(64)}`;
  t.equal((await place.packrun("verify", "last", "--plan-hash", wrong)).code, 7);
});

t.test("an input that is replaced between planning and copying refuses the run", async (t) => {
  const place = new Place(t);
  place.pack("copy", {
    inputs: { data: { type: "file", required: true } },
    steps: [{ id: "show", env: { DATA: "${{ inputs.data.path }}" }, run: { script: 'cat "$DATA"' } }],
  });
  let turn = 0;
  const replace = (): void => {
    turn += 1;
    renameSync(place.write("next.txt", `content ${turn}\n`), place.here("data.txt"));
  };
  const runWhileReplaced = async (): Promise<Ended> => {
    replace();
    const run = place.start(["run", "copy", "-i", "data=data.txt", "--json"]);
    const writer = setInterval(replace, 1);
    return run.ended.finally(() => clearInterval(writer));
  };
  let ended = await runWhileReplaced();
  // Where the file is replaced while it is digested, planning says so already, which is as good but not what is asked here.
  for (let tries = 1; tries < 10 && ended.out.includes("it changed while it was read"); tries += 1) {
    t.equal(ended.code, 3);
    ended = await runWhileReplaced();
  }
  t.equal(ended.code, 6, ended.out + ended.err);
  t.equal(faultOf(ended).code, "INPUT_CHANGED");
  t.strictSame(place.runs(), [], "no run was made");
});
