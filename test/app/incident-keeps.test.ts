import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import t from "tap";
import { decideGate } from "#app/decide-gate.ts";
import { findEvidence } from "#app/find-evidence.ts";
import { changeIncident, takeSnapshot } from "#app/incident.ts";
import { reindex } from "#app/reindex.ts";
import { value } from "../attest/signing.ts";
import { serviceWorld } from "./service/service-world.ts";

const GATED = `    - {id: ask, gate: {approval: ok}}
    - {id: a, run: {command: [echo, hello]}}`;
const MORE = `  security: {secretsRedactionPolicy: hash}
  approvals: {ok: {required: 1, from: [approver], ttl: 1h, separationOfDuties: false}}`;

/** Every file below a folder, by its path. */
function filesIn(folder: string): ReadonlyMap<string, Buffer> {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    found.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), readFileSync(path)] as const;
    }),
  );
}

t.test("whatever is done while an incident is open, what the run had is kept as it was", async (t) => {
  const world = await serviceWorld(t);
  const pack = await world.upload(GATED, MORE);
  const key = await world.submit({ pack, inputs: {} });
  const first = world.worker();
  first.start();
  await world.until(key, "waiting");
  await first.stop();
  value(await changeIncident(key, { state: "open", reason: "odd", ttlMs: 3_600_000 }, world.workplace));
  value(await takeSnapshot(key, world.workplace));
  const state = world.place.here("state");
  const before = filesIn(state);
  t.ok([...before.keys()].some((path) => path.includes("/snapshots/")));
  t.ok([...before.keys()].some((path) => path.startsWith("artifacts/")));
  t.ok([...before.keys()].some((path) => path.startsWith("uploads/")));

  value(await reindex(world.workplace));
  await world.workplace.artifacts.put(key.tenantId, (async function* none() {})());
  const other = await world.submit({ pack: await world.upload(GATED, MORE), inputs: {} });
  value(await decideGate(key, { gateId: "ask", decision: "approve", reason: "" }, world.workplace));
  const second = world.worker();
  second.start();
  await world.until(key, "succeeded");
  await world.until(other, "waiting");
  t.match(await world.service.cancel(other, world.bearer), { ok: true });
  await second.stop();
  value(await findEvidence(key.runId, world.workplace));

  const after = filesIn(state);
  const lost = [...before].flatMap(([path, bytes]) => {
    const now = after.get(path);
    return isDatabase(path) || now?.subarray(0, bytes.length).equals(bytes) === true ? [] : [path];
  });
  t.same(
    lost.map((path) => path.replaceAll(key.runId, "RUN")),
    ["runs/RUN/.redaction-key"],
    "all but the key of redaction marks",
  );
});

function isDatabase(path: string): boolean {
  return /\.db(?:-wal|-shm)?$/.test(path);
}

/** Everything in the rooms that keep something that removes, and why nothing of a run goes with it, incident or not. */
const DRAFT = "what was being written and did not come to be";
const REMOVERS: Readonly<Record<string, string>> = {
  "app/approval-writer.ts": DRAFT,
  "app/bundle-writer.ts": DRAFT,
  "app/copy-outputs.ts": "copies that a person asked for, in a folder of theirs",
  "app/diagnose.ts": "the empty folder with which it tried whether one can be made",
  "app/extract-evidence.ts":
    "bytes of a bundle that are not those of their digest, in a folder of whoever asked for them",
  "app/fix-pack.ts": DRAFT,
  "app/import-draft.ts":
    "a pack on its way into the registry or among uploads; what was taken stands elsewhere by then",
  "app/record-verdict.ts": DRAFT,
  "app/renew-entry.ts": "a bundle of the registry in whose place a later one of the same pack stands",
  "app/seal-run.ts": "bundles of processes that died before they were sealed: they are made anew",
  "app/service/plan-order.ts": "copies of stored inputs while an order is planned",
  "app/trust-file.ts": DRAFT,
  "app/write-whole.ts": DRAFT,
  "store/file/artifact-staging.ts": "copies in the working folder of an attempt",
  "store/file/durable-file.ts": DRAFT,
  "store/file/file-artifact-store.ts": "puts that were cut off: no digest names them",
  "store/file/file-redaction-keys.ts":
    "the key of redaction marks, when a run is sealed: no incident relaxes redaction",
  "store/file/file-request-store.ts": "answers that were kept for their time: they speak of requests",
  "store/file/index-table.ts": "rows, which are made from ledgers, of runs that are not there",
  "store/file/run-folders.ts": "runs whose creation was cut off",
  "store/file/state-database.ts": "a database that cannot be read: it is made anew from the ledgers",
  "store/mongo/artifact-uploads.ts": "chunks that no file counts",
  "store/mongo/mongo-artifact-store.ts": "chunks of an upload that failed; copies that were not staged whole",
  "store/mongo/mongo-index.ts": "rows, which are made from ledgers, of runs that are not there",
  "store/mongo/mongo-redaction-keys.ts": "as in files",
  "store/mongo/mongo-request-store.ts": "as in files",
  "store/mongo/run-turns.ts": "events that no turn counts",
};
const REMOVES = /\b(?:rm|rmSync|unlink|unlinkSync|rmdir|deleteOne|deleteMany|dropDatabase)\(|DELETE FROM/;

t.test("whatever removes something is known here: a new one has to say what an incident means to it", async (t) => {
  const source = new URL("../../src/", import.meta.url).pathname;
  const found = ["app", "store"].flatMap((room) =>
    readdirSync(join(source, room), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && REMOVES.test(readFileSync(join(source, room, path), "utf8")))
      .map((path) => `${room}/${path}`),
  );
  t.same(found.toSorted(), Object.keys(REMOVERS).toSorted());
});
