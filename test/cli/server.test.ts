import { existsSync, readFileSync, rmSync } from "node:fs";
import t from "tap";
import type { LedgerEvent } from "#run/event.ts";
import { answerOf, faultOf, Place, until, type Running } from "./place.ts";
import type { Ended } from "./command-line.ts";

const place = new Place(t);
place.write("packrun.config.yaml", "server: {allowFolders: true}\n");
const server: { now: Running; url: string } = { now: place.start(["serve", "--listen", "127.0.0.1:0"]), url: "" };
server.url = await until("the server", () => /^listening on (\S+)$/m.exec(server.now.out())?.[1]);
t.teardown(() => server.now.child.kill("SIGTERM"));
const TOKEN = ".packrun/server/token";
const THERE = ["--server", server.url, "--token-file", TOKEN];

function atServer(...args: readonly string[]): Promise<Ended> {
  return place.packrun(...args, ...THERE);
}

const GREET = 'echo "hello $1"; cat "$PACKRUN_IN/note" > out.txt; find "$PACKRUN_IN/tree" -type f | wc -l';
place.pack("greet", {
  inputs: {
    name: { type: "string", required: true },
    note: { type: "file", required: true },
    tree: { type: "directory", required: true },
  },
  steps: [
    {
      id: "greet",
      run: { command: ["sh", "-c", GREET, "sh", "${{ inputs.name }}"] },
      inputs: { note: "${{ inputs.note }}", tree: "${{ inputs.tree }}" },
      outputs: { text: { file: "out.txt", mediaType: "text/plain" } },
    },
  ],
  outputs: { text: { from: "${{ steps.greet.outputs.text }}" } },
});
place.write("note.txt", "from afar\n");
place.write("tree/leaf", "leaf\n");
place.write("tree/deep/leaf", "deeper\n");
const GIVEN = ["-i", "name=you", "-i", "note=note.txt", "-i", "tree=tree"];

const first = await atServer("run", "greet", ...GIVEN, "--json", "-o", "out", "--evidence", "kept");
const greeted = answerOf(first);

t.test("a folder runs at a server as it would here: progress, answer, outputs and evidence", async (t) => {
  t.equal(first.code, 0, first.err);
  t.match(greeted, { schemaVersion: 1, status: "succeeded", exitCode: 0, evidence: "kept" });
  t.match(first.err, /run \S+ at http:.*planHash sha256:/);
  t.match(first.err, "✓ greet");
  const here = await place.packrun("plan", "greet", ...GIVEN, "--json");
  t.equal(greeted.planHash, answerOf(here).planHash, "files are called there what they are called here");
  t.equal(readFileSync(place.here("out/text"), "utf8"), "from afar\n");
  const verified = await place.packrun("verify", "kept", "--json");
  t.equal(verified.code, 0, verified.out);
});

t.test("what a server says of runs is shown as what the store says of them", async (t) => {
  const { runId } = greeted;
  const here = answerOf(await place.packrun("runs", "show", runId, "--json"));
  const there = answerOf(await atServer("runs", "show", runId, "--json"));
  t.type(here.evidence, "string");
  t.strictSame(there, { ...here, evidence: null }, "what lies in the server's folders is nobody else's");
  for (const command of [
    ["artifacts", "--json"],
    ["ledger"],
    ["logs"],
    ["logs", "--step", "greet", "--format", "ndjson"],
  ]) {
    const [name = "", ...flags] = command;
    const local = await place.packrun("runs", name, "last", ...flags);
    const served = await atServer("runs", name, "last", ...flags);
    t.equal(served.code, 0, served.err);
    const read = ({ out }: Ended): unknown => (flags.includes("--json") ? JSON.parse(out) : out);
    t.strictSame(read(served), read(local), name);
    t.not(served.out, "", name);
  }
  const rows = (await atServer("runs", "list", "--json")).out;
  t.equal(rows, (await place.packrun("runs", "list", "--json")).out);
});

t.test("evidence comes over as the archive that is exported here, and can be looked into", async (t) => {
  const { runId } = greeted;
  const exported = await atServer("evidence", "export", runId, "-o", "there.tar", "--json");
  t.equal(exported.code, 0, exported.err);
  await place.packrun("evidence", "export", runId, "-o", "here.tar");
  t.ok(readFileSync(place.here("there.tar")).equals(readFileSync(place.here("here.tar"))));
  t.notOk(existsSync(place.here("there.tar.anchor.sigstore.json")), "nobody vouches for it");
  const anchor = place.write(`.packrun/evidence/${runId}.anchor.sigstore.json`, "whoever vouches for it");
  const again = await atServer("evidence", "export", runId, "-o", "again.tar", "--json");
  t.equal(again.code, 0, again.err);
  t.equal(readFileSync(place.here("again.tar.anchor.sigstore.json"), "utf8"), "whoever vouches for it");
  rmSync(anchor);
  const shown = await atServer("evidence", "show", runId.slice(0, 13));
  t.match(shown.out, `run       ${runId}`, shown.err);
  const snapshot = await atServer("evidence", "export", runId, "--snapshot", "-o", "s.tar", "--json");
  t.equal(faultOf(snapshot).code, "SNAPSHOT_UNKNOWN");
});

t.test("a pack bundle goes into the server's registry, and texts are read by the types of its inputs", async (t) => {
  const key = ".packrun/trust/dev.key";
  const renewed = await place.packrun("revoke", "--renew", "--key", key);
  t.equal(renewed.code, 0, renewed.err);
  const made = await place.packrun("bundle", "create", "greet", "--key", key, "-o", "greet.packbundle.tar");
  t.equal(made.code, 0, made.err);
  const sent = await atServer("run", "greet.packbundle.tar", ...GIVEN, "--json");
  t.equal(sent.code, 0, `${sent.out}${sent.err}`);
  t.equal(answerOf(sent).planHash, greeted.planHash);
  place.write("inputs.yaml", "{name: you, note: note.txt, tree: tree}\n");
  const named = await atServer("run", "acme/greet@1.0.0", "--inputs", "inputs.yaml", "--json");
  t.equal(answerOf(named).planHash, greeted.planHash, named.err);
  const unknown = await atServer("run", "acme/greet@1.0.0", "-i", "nam=you", "--json");
  t.equal(faultOf(unknown).code, "INPUT_UNKNOWN");
  t.equal(faultOf(await atServer("run", "acme/none@1.0.0", "--json")).code, "REGISTRY_UNKNOWN");
});

t.test("a run that fails, findings and another planHash end with the exit codes that they have here", async (t) => {
  place.pack("bad", { steps: [{ id: "no", run: { command: ["false"] } }] });
  const failed = await atServer("run", "bad", "--json");
  t.equal(failed.code, 1, failed.err);
  t.match(answerOf(failed), { status: "failed", reason: "STEP_EXIT", exitCode: 1 });
  const missing = await atServer("run", "greet");
  t.equal(missing.code, 3);
  t.match(missing.err, "INPUT_MISSING");
  const drifted = await atServer("run", "bad", "--plan-hash", `sha256:${"0".repeat(64)}`, "--json");
  t.equal(drifted.code, 6);
  t.equal(faultOf(drifted).code, "PLAN_HASH_MISMATCH");
  const tenant = await atServer("run", "bad", "--tenant", "another", "--json");
  t.equal(tenant.code, 2);
  t.equal(faultOf(tenant).code, "TENANT_MISMATCH");
});

t.test("a run that waits ends the command with 4 when nobody is to stay, and resume and cancel reach it", async (t) => {
  place.pack("gated", {
    approvals: { go: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [{ id: "ok", gate: { approval: "go" } }],
  });
  const waits = await atServer("run", "gated", "--no-wait", "--json");
  t.equal(waits.code, 4, waits.err);
  const { runId, pendingGates } = answerOf(waits);
  t.match(pendingGates, [{ id: "ok", required: 1, have: 0 }]);
  t.equal((await atServer("resume", runId, "--no-wait")).code, 4);
  const staying = place.start(["resume", runId, "--json", ...THERE]);
  const cancelled = await atServer("cancel", runId, "--reason", "no more", "--json");
  t.match(JSON.parse(cancelled.out), { schemaVersion: 1, runId });
  const ended = await staying.ended;
  t.equal(ended.code, 130, ended.err);
  t.equal(answerOf(ended).status, "cancelled");
  t.equal((await atServer("resume", runId)).code, 130, "a run that is over is shown as it ended");
  t.equal(faultOf(await atServer("cancel", runId, "--json")).code, "RUN_FINISHED");
});

place.pack("counts", {
  steps: [{ id: "count", run: { script: "for n in $(seq 1 40); do echo line-$n; sleep 0.1; done", shell: "sh" } }],
});

t.test("Ctrl-C cancels the run at the server, and the command tells how it ended", async (t) => {
  const running = place.start(["run", "counts", "--json", ...THERE]);
  await until("the step", () => running.err().includes("▶ count"));
  running.child.kill("SIGINT");
  const ended = await running.ended;
  t.equal(ended.code, 130, ended.err);
  t.match(ended.err, "cancelling at the server");
  t.match(answerOf(ended), { status: "cancelled", reason: "RUN_CANCELLED" });
});

t.test("logs are followed through a restart of the server: no line is lost, none comes twice", async (t) => {
  const run = place.start(["run", "counts", "--format", "ndjson", ...THERE]);
  const runId = await until("the run", () => /run (\S+) at /.exec(run.err())?.[1]);
  const logs = place.start(["runs", "logs", runId, "-f", ...THERE]);
  await until("some lines", () => logs.out().includes("line-5\n"));
  server.now.child.kill("SIGTERM");
  await server.now.ended;
  server.now = place.start(["serve", "--listen", new URL(server.url).host]);
  const [followed, driven] = await Promise.all([logs.ended, run.ended]);
  t.equal(followed.code, 0, followed.err);
  t.equal(followed.out, Array.from({ length: 40 }, (_, at) => `count | line-${at + 1}\n`).join(""));
  t.equal(driven.code, 0, driven.err);
  const events = driven.out
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as LedgerEvent);
  t.strictSame(events, place.ledger(runId), "the events are those of the ledger, each once");
});

t.test("without an address, a token or a server there is nothing to work with, and nothing is sent", async (t) => {
  const runs = (...args: readonly string[]): Promise<Ended> => place.packrun("runs", "list", ...args);
  place.write("open-token", "secret-word\n", 0o644);
  place.write("wrong-token", "secret-word\n", 0o600);
  const cases: readonly (readonly [readonly string[], string, number])[] = [
    [["--server", server.url], "SERVER_TOKEN", 2],
    [["--server", server.url, "--token-file", "open-token"], "SERVER_TOKEN", 2],
    [["--server", server.url, "--token-file", "wrong-token"], "TOKEN_INVALID", 2],
    [["--server", "http://packrun.example.com", "--token-file", TOKEN], "SERVER_ADDRESS", 2],
    [["--server", server.url, "--token-file", TOKEN, "--store", "elsewhere"], "SERVER_OPTION", 2],
    [["--server", "http://127.0.0.1:1", "--token-file", TOKEN], "SERVER_UNREACHABLE", 10],
  ];
  for (const [args, code, exitCode] of cases) {
    const refused = await runs(...args, "--json");
    t.equal(refused.code, exitCode, args.join(" "));
    t.equal(faultOf(refused).code, code);
    t.notMatch(refused.out + refused.err, "secret-word");
  }
  const secret = await atServer("run", "bad", "--secret", "key=file:secret-word", "--json");
  t.equal(faultOf(secret).code, "SERVER_OPTION");
  t.notMatch(secret.out + secret.err, "secret-word");
});
