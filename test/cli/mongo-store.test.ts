import { existsSync } from "node:fs";
import t from "tap";
import { MongoClient } from "mongodb";
import { documentServer } from "../store/mongo/document-server.ts";
import { answerOf, faultOf, Place } from "./place.ts";

const server = await documentServer(t);
if (server !== undefined) {
  const { address } = server;
  const pack = {
    approvals: { release: { required: 1, from: ["approver"], ttl: "1h" } },
    steps: [
      {
        id: "build",
        run: { script: "echo built | tee result.txt" },
        outputs: { result: { file: "result.txt" } },
      },
      { id: "ok", gate: { approval: "release" } },
      { id: "ship", run: { command: ["echo", "shipped"] } },
    ],
  };

  t.test("a run lives in the database from its beginning to its evidence", async (t) => {
    const place = new Place(t);
    const database = server.database();
    const Mongo = { ConnectionString: address, Database: database, RunsCollection: "our_runs" };
    place.write("packrun.config.yaml", JSON.stringify({ TaskRunner: { Storage: { Mode: "mongo", Mongo } } }));
    const ran = await place.packrun("run", place.pack("gated", pack), "--no-wait", "--json");
    t.equal(ran.code, 4, ran.out + ran.err);
    const { runId, planHash } = answerOf(ran);
    const alice = await place.person("alice");
    const approved = await place.packrun("approve", runId, "ok", "--key", alice, "--reason", "read it", "--json");
    t.equal(approved.code, 0, approved.out + approved.err);
    const ended = await place.packrun("resume", "last", "--json");
    t.equal(ended.code, 0, ended.out + ended.err);
    t.match(answerOf(ended), { runId, status: "succeeded" });
    const verified = await place.packrun("verify", runId, "--json");
    t.equal(verified.code, 0, verified.out + verified.err);
    t.notOk(existsSync(place.here(".packrun/runs")), "no run is in the folder");
    t.notOk(existsSync(place.here(".packrun/artifacts")));

    const listed = await place.packrun("runs", "list", "--json");
    t.match(listed.out, runId);
    t.match((await place.packrun("runs", "logs", runId)).out, /built\n[^]*shipped/);
    const reindexed = await place.packrun("store", "reindex");
    t.equal(reindexed.code, 0, reindexed.err);

    await using client = new MongoClient(address);
    const db = client.db(database);
    t.match(await db.collection("our_runs").find().toArray(), [
      {
        _id: runId,
        planHash,
        status: "succeeded",
        tenantId: "default",
        failurePolicy: {},
        steps: [{ id: "build" }, {}, {}],
      },
    ]);
    t.match(await db.collection("pack_run_approvals").find().toArray(), [
      { runId, gateId: "ok", principal: "alice", decision: "approve", planHash, tenantId: "default" },
    ]);
    t.match(await db.collection("pack_artifacts").find().toArray(), [
      { runId, stepId: "build", name: "result", type: "file", status: "captured", size: 6 },
    ]);
    t.equal(await db.collection("plans").countDocuments({ _id: planHash as never }), 1);
  });
}

t.test("a database that does not answer ends a command with 10, and no message has the password", async (t) => {
  const place = new Place(t);
  const PACKRUN_STORE = "mongodb://ann:s3cr3t%21@127.0.0.1:1/there?serverSelectionTimeoutMS=50";
  const ran = await place.start(["runs", "list", "--json"], { PACKRUN_STORE }).ended;
  t.equal(ran.code, 10, ran.err);
  t.equal(faultOf(ran).code, "STORE_UNAVAILABLE");
  const doctor = await place.start(["doctor"], { PACKRUN_STORE }).ended;
  t.match(doctor.out, /✗ store: MongoDB at mongodb:\/\/\*\*\*@127\.0\.0\.1:1\/there, database there: /);
  const wrong = await place.start(["runs", "list"], { PACKRUN_STORE: "mongodb://ann:s3cr3t%21@a:b:c" }).ended;
  t.equal(wrong.code, 10);
  const flag = await place.packrun("runs", "list", "--json", "--store", "mongodb://ann:s3cr3t%21@127.0.0.1/there");
  t.equal(faultOf(flag).code, "CONFIG_INVALID");
  for (const { out, err } of [ran, doctor, wrong, flag]) {
    t.notMatch(out + err, /s3cr3t|ann:/);
  }
});
