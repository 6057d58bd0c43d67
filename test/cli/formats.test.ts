import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import t from "tap";
import { MAIN, packrun } from "./command-line.ts";
import { answerOf, Place } from "./place.ts";

const spec = {
  steps: [
    {
      id: "make",
      title: "Make the report",
      run: {
        script:
          'echo hello; echo oops >&2; printf report > r; mkdir site; echo page > site/index.html; echo \'{"n": 3}\' > "$PACKRUN_OUTPUT"',
      },
      outputs: { report: { file: "r", mediaType: "text/plain" }, site: { dir: "site" }, n: { type: "integer" } },
    },
    { id: "say", env: { N: "${{ steps.make.outputs.n }}" }, run: { script: "seq 1 30000" } },
  ],
  outputs: {
    report: { from: "${{ steps.make.outputs.report }}" },
    site: { from: "${{ steps.make.outputs.site }}" },
    n: { from: "${{ steps.make.outputs.n }}" },
  },
};

const place = new Place(t);
place.pack("report", spec);
const first = await place.packrun("run", "report", "--json", "-o", "out", "--evidence", "proof");
const { runId } = answerOf(first);

t.test("the JSON answer of a run has exactly the members that are promised", async (t) => {
  t.equal(first.code, 0, first.err);
  const answer = JSON.parse(first.out) as Record<string, unknown>;
  t.equal(first.out.split("\n").length, 2, "stdout holds one line and nothing else");
  for (const member of [
    "schemaVersion",
    "runId",
    "planHash",
    "status",
    "exitCode",
    "evidence",
    "steps",
    "outputs",
    "pendingGates",
  ]) {
    t.ok(member in answer, member);
  }
  t.match(answer, {
    schemaVersion: 1,
    status: "succeeded",
    exitCode: 0,
    pendingGates: [],
    steps: [
      { id: "make", status: "succeeded", attempts: 1, durationMs: Number },
      { id: "say", status: "succeeded", attempts: 1 },
    ],
    outputs: { report: { type: "file", size: 6, mediaType: "text/plain" }, n: { type: "integer", value: 3 } },
  });
  t.match(first.err, /make {2}started/, "progress goes to stderr");
});

t.test("-o copies the outputs under their names, --evidence says where the bundle goes", async (t) => {
  t.strictSame(readdirSync(place.here("out")).toSorted(), ["n.json", "report", "site"]);
  t.equal(readFileSync(place.here("out/report"), "utf8"), "report");
  t.equal(readFileSync(place.here("out/site/index.html"), "utf8"), "page\n");
  t.equal(readFileSync(place.here("out/n.json"), "utf8"), "3");
  t.ok(existsSync(place.here("proof/evidence.manifest.json")));
  t.equal((await place.packrun("verify", "proof")).code, 0);
});

t.test("a development trust is said to have been made where it lies", async (t) => {
  const ran = await place.packrun("run", "report", "--store", "elsewhere");
  t.match(ran.err, "packrun: made a development key and trust root in elsewhere/trust; pin your own");
});

t.test("ndjson is the ledger, byte by byte; as JSON it is one answer", async (t) => {
  const ran = await place.packrun("run", "report", "--format", "ndjson");
  t.equal(ran.code, 0, ran.err);
  const own = (await place.packrun("runs", "ledger", "last", "--format", "ndjson")).out;
  t.equal(ran.out, own);
  const events = place.ledger();
  const whole = await place.packrun("runs", "ledger", "last", "--json");
  t.match(JSON.parse(whole.out), { schemaVersion: 1, events });
  const file = place.runFile(place.lastRun() ?? "", "ledger.jsonl");
  t.teardown(() => writeFileSync(file, own));
  appendFileSync(file, '{"torn\n');
  t.match(JSON.parse((await place.packrun("runs", "ledger", "last", "--json")).out), {
    events: [...events, '{"torn'],
  });
});

t.test("runs can be listed and looked at from every side", async (t) => {
  const listed = JSON.parse((await place.packrun("runs", "list", "--json")).out) as { items: { runId: string }[] };
  t.ok(listed.items.some((row) => row.runId === runId));
  t.match((await place.packrun("runs", "list")).out, new RegExp(`^${runId} {2}succeeded`, "m"));
  t.match(JSON.parse((await place.packrun("runs", "show", runId, "--json")).out), {
    schemaVersion: 1,
    runId,
    status: "succeeded",
  });
  const logs = await place.packrun("runs", "logs", runId, "--step", "make");
  t.strictSame(logs.out.trim().split("\n").toSorted(), ["hello", "oops"]);
  t.match(await place.packrun("runs", "logs", runId, "--step", "mkae"), {
    code: 2,
    err: /STEP_UNKNOWN[^]*did you mean make\?/,
  });
  const followed = await place.packrun("runs", "logs", runId, "-f", "--format", "ndjson");
  t.equal(followed.code, 0, "following a run that is over ends");
  t.match(JSON.parse(followed.out.split("\n")[0] ?? ""), { eventType: "step.output" });
  const artifacts = JSON.parse((await place.packrun("runs", "artifacts", runId, "--json")).out) as { items: unknown[] };
  t.match(artifacts.items, [{ stepId: "make", name: "report", status: "captured", size: 6 }]);
  t.equal(
    (await place.packrun("runs", "ledger", runId)).out,
    readFileSync(place.runFile(runId, "ledger.jsonl"), "utf8"),
  );
});

t.test("logs can be followed while the run goes on", async (t) => {
  const own = new Place(t);
  own.pack("slow", {
    steps: [
      { id: "wait", run: { script: "echo first; sleep 1; echo last" } },
      { id: "end", run: { command: ["echo", "over"] } },
    ],
  });
  const run = own.start(["run", "slow"]);
  await own.event("the first line", ({ eventType }) => eventType === "step.output");
  const followed = await own.packrun("runs", "logs", "last", "-f");
  t.equal(followed.code, 0, followed.err);
  t.equal(followed.out, "wait | first\nwait | last\nend | over\n");
  t.equal((await run.ended).code, 0);
});

t.test("the index can be made again from the ledgers", async (t) => {
  const before = (await place.packrun("runs", "list", "--json")).out;
  for (const name of readdirSync(place.here(".packrun")).filter((name) => name.startsWith("packrun.db"))) {
    rmSync(place.here(".packrun", name));
  }
  const made = await place.packrun("store", "reindex", "--json");
  t.equal(made.code, 0, made.err);
  t.match(JSON.parse(made.out), { schemaVersion: 1, runs: place.runs().length });
  t.strictSame(JSON.parse((await place.packrun("runs", "list", "--json")).out), JSON.parse(before));
});

t.test("a broken ledger costs the index no other run, and is named", async (t) => {
  const own = new Place(t);
  const pack = own.pack("two", { steps: [{ id: "a", run: { command: ["echo", "hello"] } }] });
  const [whole, broken] = [
    answerOf(await own.packrun("run", pack, "--json")),
    answerOf(await own.packrun("run", pack, "--json")),
  ];
  const ledger = own.here(".packrun/runs", broken.runId, "ledger.jsonl");
  writeFileSync(ledger, readFileSync(ledger, "utf8").replace('"level":"info"', '"level":"warn"'));
  for (const name of readdirSync(own.here(".packrun")).filter((name) => name.startsWith("packrun.db"))) {
    rmSync(own.here(".packrun", name));
  }
  const listed = await own.packrun("runs", "list", "--json");
  t.equal(listed.code, 0);
  t.match(JSON.parse(listed.out), { items: [{ runId: whole.runId }] });
  t.notMatch(listed.out, broken.runId);
  t.match(listed.err, new RegExp(`packrun: the run index was lost.*run ${broken.runId}: .*LEDGER_BROKEN`));
  const text = await own.packrun("store", "reindex");
  t.equal(text.code, 7);
  t.equal(text.out, "1 runs indexed\n");
  t.match(text.err, `run ${broken.runId}: `);
  const json = await own.packrun("store", "reindex", "--json");
  t.equal(json.code, 7);
  const error = { code: "LEDGER_BROKEN", message: `run ${broken.runId}: `, exitCode: 7 };
  t.match(JSON.parse(json.out), { schemaVersion: 1, runs: 1, errors: [error] });
});

t.test("a run whose files are damaged or empty keeps its row, and is named", async (t) => {
  const own = new Place(t);
  const pack = own.pack("two", { steps: [{ id: "a", run: { command: ["echo", "hello"] } }] });
  for (const [file, text, code] of [
    ["run.json", "{broken", "STORE_CORRUPT"],
    ["ledger.jsonl", "", "LEDGER_BROKEN"],
  ] as const) {
    const { runId } = answerOf(await own.packrun("run", pack, "--json"));
    const path = own.here(".packrun/runs", runId, file);
    const before = readFileSync(path);
    writeFileSync(path, text);
    const json = await own.packrun("store", "reindex", "--json");
    t.match(JSON.parse(json.out), { errors: [{ code, message: `run ${runId}: ` }] }, file);
    const { items } = JSON.parse((await own.packrun("runs", "list", "--json")).out) as { readonly items: unknown };
    t.match(items, [{ runId, status: "succeeded" }], `the row that it had, without ${file}`);
    writeFileSync(path, before);
  }
});

t.test("a reader that has seen enough ends the command quietly", async (t) => {
  const command = `"$0" --conditions=@packrun/source "$1" runs ledger ${runId} 2>err | head -1 >/dev/null; code="\${PIPESTATUS[0]}"; cat err; echo "$code"`;
  const env = { PATH: process.env["PATH"], HOME: place.folder };
  const piped = spawnSync("bash", ["-c", command, process.execPath, MAIN], {
    cwd: place.folder,
    env,
    encoding: "utf8",
  });
  t.equal(piped.stdout, "141\n", "as a program does that SIGPIPE ends; nothing on stderr");
});

t.test("wrong command lines end with 2 and say what was meant", async (t) => {
  const unknown = packrun(place.folder, "rnu", "report");
  t.equal(unknown.code, 2);
  t.match(unknown.err, 'did you mean "run"?');
  t.equal(unknown.out, "");
  const flag = packrun(place.folder, "run", "report", "--plan-hsah", "x");
  t.equal(flag.code, 2);
  t.match(flag.err, "--plan-hash");
  t.equal(packrun(place.folder, "resume").code, 2, "an argument is missing");
  t.equal(packrun(place.folder, "run", "report", "--format", "xml").code, 2);
  t.equal(packrun(place.folder, "run", "report", "--max-parallel", "0").code, 2);
  t.match(packrun(place.folder, "--help").out, /^ {2}run /m);
  t.equal(packrun(place.folder, "run", "absent").code, 3);
});

t.test("codes are explained, and the host is looked at", async (t) => {
  const explained = packrun(place.folder, "explain", "STEP_OOM");
  t.equal(explained.code, 0);
  t.match(explained.out, /Cause[^]*Example[^]*Fix/);
  const near = packrun(place.folder, "explain", "STEP_OMO");
  t.equal(near.code, 2);
  t.match(near.err, "STEP_OOM");
  const doctor = await place.packrun("doctor", "--json");
  t.equal(doctor.code, 0, doctor.out + doctor.err);
  t.match(JSON.parse(doctor.out), { schemaVersion: 1 });
});

t.test("colours come only where they are wanted", async (t) => {
  const escape = "\u001b[";
  const coloured = await place.packrun("run", "report", "--color");
  t.ok(coloured.err.includes(escape), "--color wins over NO_COLOR");
  t.notOk(coloured.out.includes(escape), "stdout is data");
  t.notOk((await place.packrun("run", "report")).err.includes(escape));
  const forced = await place.start(["runs", "show", "none"], { FORCE_COLOR: "1" }).ended;
  t.ok(forced.err.includes(escape));
  t.notOk((await place.start(["runs", "show", "none", "--no-color"], { FORCE_COLOR: "1" }).ended).err.includes(escape));
});
