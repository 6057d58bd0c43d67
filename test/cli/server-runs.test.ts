import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import type { Ended } from "./command-line.ts";
import { pasted, shownStep } from "./pasted.ts";
import { answerOf, faultOf, Place, until } from "./place.ts";

const place = new Place(t);
place.write("packrun.config.yaml", "server: {allowFolders: true}\n");
const server = place.start(["serve", "--listen", "127.0.0.1:0"]);
const url = await until("the server", () => /^listening on (\S+)$/m.exec(server.out())?.[1]);
t.teardown(() => server.child.kill("SIGTERM"));
const THERE = ["--server", url, "--token-file", ".packrun/server/token"];
const SIGNED = { KEY: ".packrun/trust/dev.key", TEXT: "'read it'" };

function atServer(...args: readonly string[]): Promise<Ended> {
  return place.packrun(...args, ...THERE);
}

place.pack("gated", {
  approvals: { go: { required: 1, from: ["approver"], ttl: "1h", separationOfDuties: false } },
  steps: [
    { id: "build", run: { command: ["sh", "-c", "echo built; echo built > x"] }, outputs: { x: { file: "x" } } },
    { id: "ok", gate: { approval: "go", message: "Go on?" } },
    { id: "ship", run: { command: ["sh", "-c", "for n in $(seq 1 30); do echo no; done; false"] } },
  ],
});
place.pack("other", { steps: [{ id: "build", run: { command: ["true"] } }] });

const waits = await atServer("run", "gated", "--no-wait");
const runId = /^run {7}(\S+)$/m.exec(waits.out)?.[1] ?? "";

t.test("gates that wait at a server are listed as in its store, and their requests are the same", async (t) => {
  const here = await place.packrun("approvals", "list", "--json");
  const there = await atServer("approvals", "list", "--json");
  t.equal(there.code, 0, there.err);
  t.strictSame(JSON.parse(there.out), JSON.parse(here.out));
  t.match(JSON.parse(there.out), {
    items: [{ runId, gateId: "ok", message: "Go on?", decided: [], mayApprove: ["developer"], expired: false }],
  });
  const elsewhere = await atServer("approvals", "list", "--json", "--trust", place.write("none.json", "{}"));
  t.not(elsewhere.code, 0, "a trust root that is none is not passed over");

  await place.packrun("approvals", "request", runId, "ok", "-o", "here.tar");
  const sent = await atServer("approvals", "request", runId.slice(0, 18), "ok", "-o", "there.tar", "--json");
  t.equal(sent.code, 0, sent.err);
  t.match(JSON.parse(sent.out), { runId, gateId: "ok", path: place.here("there.tar"), requestDigest: /^sha256:/ });
  t.ok(readFileSync(place.here("there.tar")).equals(readFileSync(place.here("here.tar"))));
  t.equal((await atServer("approvals", "request", "last", "ok", "-o", "request")).code, 0);
  t.ok(existsSync(place.here("request/request.json")));
  const unknown = await atServer("approvals", "request", "last", "no", "-o", "none", "--json");
  t.equal(unknown.code, 5);
  t.equal(faultOf(unknown).code, "GATE_UNKNOWN");
  t.notOk(existsSync(place.here("none")));
});

t.test("an incident and the snapshots of a run of a server, as commands", async (t) => {
  const closed = await atServer("incident", "close", runId, "--json");
  t.equal(closed.code, 2);
  t.equal(faultOf(closed).code, "INCIDENT_NONE");
  const opened = await pasted(
    place,
    shownStep({ ...closed, out: faultOf(closed).hint ?? "" }, "incident open"),
    SIGNED,
  );
  t.equal(opened.code, 0, opened.err);
  t.match(
    place.ledger(runId).find(({ eventType }) => eventType === "incident.opened"),
    { metadata: { reason: "read it", by: "developer" } },
  );
  const command = ["incident", "open", runId, "--reason", "odd", "--ttl"];
  const headers = {
    Authorization: `Bearer ${readFileSync(place.here(".packrun/server/token"), "utf8").trim()}`,
    "Content-Type": "application/json",
  };
  for (const ttl of ["0s", "366d", "9999999d"]) {
    const body = JSON.stringify({ state: "open", reason: "odd", ttl });
    const refused = await fetch(`${url}/api/runs/${runId}/incident`, { method: "POST", headers, body });
    t.equal(refused.status, 422, ttl);
    t.match(await refused.json(), { code: "BODY_INVALID", errors: [{ pointer: "/ttl", message: /at most 365d/ }] });
    t.match(await place.packrun(...command, ttl), { code: 2, err: /--ttl takes .* at most 365d/ });
  }
  t.equal((await atServer(...command, "365d")).code, 0);
  const taken = await atServer("evidence", "snapshot", runId, "--json");
  t.equal(taken.code, 0, taken.err);
  t.equal((await atServer("incident", "close", runId)).out, `${runId} incident closed\n`);
  const { manifestDigest } = JSON.parse(taken.out) as { readonly manifestDigest: string };
  const events = place.ledger(runId).filter(({ eventType }) => eventType === "evidence.snapshot");
  const named = events.find(
    ({ metadata }) => (metadata as { manifestDigest?: string }).manifestDigest === manifestDigest,
  );
  const sequence = String(named?.sequence ?? 0);
  const exported = await atServer("evidence", "export", runId, "--snapshot", sequence, "-o", "s-there.tar", "--json");
  t.equal(exported.code, 0, exported.err);
  await place.packrun("evidence", "export", runId, "--snapshot", sequence, "-o", "s-here.tar");
  t.match(JSON.parse(exported.out), { file: "s-there.tar", sequence: Number(sequence), manifestDigest });
  t.ok(readFileSync(place.here("s-there.tar")).equals(readFileSync(place.here("s-here.tar"))));
  t.equal((await atServer("evidence", "export", runId, "--snapshot", "-o", "last.tar")).code, 0);
  const none = await atServer("evidence", "export", runId, "--snapshot", "1", "-o", "none.tar", "--json");
  t.equal(faultOf(none).code, "SNAPSHOT_UNKNOWN");
  t.notOk(existsSync(place.here("none.tar")));
});

t.test("whoever pastes what a run of a server says to do next gets on", async (t) => {
  t.equal(waits.code, 4, waits.err);
  const attached = await atServer("resume", runId, "--no-wait");
  t.match(
    attached.err,
    new RegExp(`^packrun: run ${runId} at http\\S+, planHash sha256:\\S+\n\\? ok {2}waits for approval`),
  );
  const again = await pasted(place, shownStep(await atServer("explain", "ok", "--run", runId), "approvals list"));
  const step = shownStep(again, `approve ${runId} ok`);
  t.equal(step, shownStep(waits, `approve ${runId} ok`));
  const approved = await pasted(place, step, SIGNED);
  t.equal(approved.code, 0, approved.err);
  const ended = await atServer("resume", runId);
  t.equal(ended.code, 1, ended.err);
  const why = await pasted(place, shownStep(ended, "explain"));
  t.match(why.out, `step ship (run) of run ${runId}: failed (STEP_EXIT)`, why.err);
  const kept = await pasted(place, shownStep(ended, "evidence export"), { FILE: "run.tar" });
  t.equal(kept.code, 0, kept.err);
  const trust = place.here(".packrun/trust/trust-root.json");
  const fetched = await atServer("resume", runId, "--evidence", "kept", "--trust", trust);
  const verified = await pasted(place, shownStep(fetched, "verify"));
  t.equal(verified.code, 0, verified.out);
  const env = { PACKRUN_SERVER: url, PACKRUN_TOKEN_FILE: ".packrun/server/token" };
  const unsaid = await place.start(["resume", runId], env).ended;
  t.notMatch(unsaid.err, "--server", "what the environment says need not be said");
  t.equal((await pasted(place, shownStep(unsaid, "explain"), {}, env)).out, why.out);
});

t.test("a run of a server that is over has the same views as in its store, and takes nothing more", async (t) => {
  for (const [name = "", ...args] of [
    ["runs", "timeline", runId],
    ["explain", "ok", "--run", runId.slice(0, 18)],
    ["diff", runId, runId],
  ]) {
    const here = await place.packrun(name, ...args, "--json");
    const there = await atServer(name, ...args, "--json");
    t.equal(there.code, 0, there.err);
    t.strictSame(JSON.parse(there.out), JSON.parse(here.out), name);
  }
  t.match((await atServer("runs", "timeline", runId)).out, /^ok .*░/m);
  const none = "01a1ff6c-157a-706a-b6ff-c59795f5aa6c";
  const refused: readonly (readonly [readonly string[], string])[] = [
    [["incident", "open", runId, "--reason", "late"], "RUN_FINISHED"],
    [["evidence", "snapshot", runId], "RUN_FINISHED"],
    [["approvals", "request", runId, "ok", "-o", "late"], "RUN_FINISHED"],
    [["runs", "timeline", none], "RUN_UNKNOWN"],
    [["explain", "none", "--run", runId], "STEP_UNKNOWN"],
    [["diff", runId, none], "RUN_UNKNOWN"],
    [["incident", "close", none], "RUN_UNKNOWN"],
  ];
  for (const [args, code] of refused) {
    t.equal(faultOf(await atServer(...args, "--json")).code, code, args.join(" "));
  }
});

t.test("a run of a server takes over what another has finished, and only of its own plan", async (t) => {
  const again = await atServer("run", "gated", "--from", runId.slice(0, 18), "--no-wait", "--json");
  t.equal(again.code, 4, again.err);
  t.match(again.err, `takes over 1 step of run ${runId}`);
  t.match(answerOf(again).steps, [
    { id: "build", status: "succeeded", reusedFrom: runId },
    { id: "ok", status: "waiting" },
  ]);
  const unfinished = await atServer("run", "gated", "--from", "last", "--json");
  t.equal(faultOf(unfinished).code, "RUN_NOT_FINISHED");
  const anew = await atServer("run", "gated", "--from", runId, "--only", "build", "--no-wait", "--json");
  t.match(anew.err, `takes over 0 steps of run ${runId}`);
  t.equal(faultOf(await atServer("run", "gated", "--from", runId, "--only", "bild", "--json")).code, "STEP_UNKNOWN");
  const other = await atServer("run", "other", "--from", runId, "--json");
  t.equal(other.code, 6);
  t.equal(faultOf(other).code, "PLAN_HASH_MISMATCH");
  t.match(await atServer("run", "gated", "--only", "build"), { code: 2, err: /--from/ });
});

t.test(
  "who stays with a run of a server, or names the server in the environment, is told how to go on, too",
  async (t) => {
    const staying = place.start(["run", "gated", "--json", ...THERE]);
    const told = await until("the gate", () => /packrun approve .*$/m.exec(staying.err())?.[0]);
    t.equal((await pasted(place, told, SIGNED)).code, 0);
    t.match(answerOf(await staying.ended), { status: "failed", reason: "STEP_EXIT" });
    const env = { PACKRUN_SERVER: url, PACKRUN_TOKEN_FILE: ".packrun/server/token" };
    const begun = await place.start(["run", "gated", "--no-wait"], env).ended;
    const step = shownStep(begun, "approve");
    t.match(step, /^PACKRUN_SERVER= packrun approve .* --store \.packrun$/);
    t.equal((await pasted(place, step, SIGNED, env)).code, 0);
  },
);

t.test("what a command in another store says to do next works in that store", async (t) => {
  const where = ["--store", "another store", "--tenant", "team-b"];
  const ran = await place.packrun("run", "gated", "--no-wait", ...where);
  t.equal(ran.code, 4, ran.err);
  const approved = await pasted(place, shownStep(ran, "approve"), { ...SIGNED, KEY: "'another store/trust/dev.key'" });
  t.equal(approved.code, 0, approved.err);
  const ended = await pasted(place, shownStep(approved, "resume"));
  t.equal(ended.code, 1, ended.err);
  t.equal((await pasted(place, shownStep(ended, "verify"))).code, 0);
  t.equal((await pasted(place, shownStep(ended, "explain"))).code, 0);
  const log = await pasted(place, shownStep({ ...ended, out: "" }, "runs logs").replace(/\)$/, ""));
  t.equal(log.out, "no\n".repeat(30), log.err);
  const unknown = await place.packrun("runs", "show", "none", ...where, "--json");
  const listed = await pasted(place, shownStep({ ...unknown, out: faultOf(unknown).hint ?? "" }, "runs list"));
  t.match(listed.out, "failed", listed.err);
});
