import { appendFile, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import t, { type Test } from "tap";
import { readCanonicalJson } from "#canon/strict-json.ts";
import { eventBytes } from "#run/ledger-chain.ts";
import {
  codeOf,
  createdEvent,
  createSample,
  eventsBehind,
  headOf,
  held,
  otherTenant,
  readAll,
  readBytes,
  sampleRun,
  thrownCode,
} from "../../port/sample-run.ts";
import { openedStore } from "./opened-store.ts";

const run = sampleRun();
const durable = { durable: true };

async function withLedger(t: Test): Promise<{ folder: string; ledger: string; lines: Buffer }> {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  const head = await createSample(store, run);
  await store.ledger.append(run, await held(store), head, eventsBehind(head, 2), durable);
  await store.close();
  const ledger = join(folder, "runs", run.runId, "ledger.jsonl");
  return { folder, ledger, lines: await readFile(ledger) };
}

t.test("a run is one folder of plain files", async (t) => {
  const { folder, lines } = await withLedger(t);
  t.same((await readdir(folder)).sort(), ["packrun.db", "runs"]);
  t.same((await readdir(join(folder, "runs", run.runId))).sort(), ["ledger.jsonl", "plan.canonical.json", "run.json"]);
  const identity = await readFile(join(folder, "runs", run.runId, "run.json"));
  t.same(readCanonicalJson(identity, "run.json"), { ok: true, value: { schema: "packrun.run/v1", ...run } });
  const events = [createdEvent(run), ...eventsBehind(headOf([createdEvent(run)]), 2)];
  t.ok(lines.equals(Buffer.concat(events.map(eventBytes))));
});

t.test("a torn last line is not read, and is cut off when the next holder appends", async (t) => {
  const { folder, ledger, lines } = await withLedger(t);
  const store = await openedStore(folder);
  const events = await readAll(store, run);
  const next = eventsBehind(headOf(events), 30, 300);
  const batch = Buffer.concat(next.map(eventBytes));
  const line = Buffer.from(eventBytes(next[0] ?? createdEvent(run)));
  const uncommitted = Buffer.from(batch).fill(0, 0, 1);
  for (const tail of [
    line.subarray(0, 1),
    line.subarray(0, -1),
    uncommitted,
    uncommitted.subarray(0, 5000),
    Buffer.alloc(300),
  ]) {
    await writeFile(ledger, Buffer.concat([lines, tail]));
    t.equal((await readAll(store, run)).length, 3);
    t.ok((await readBytes(store.ledger.readRaw(run))).equals(lines));
    const lease = await held(store);
    t.equal(codeOf(await store.ledger.append(run, lease, headOf(events), next, durable)), "ok");
    t.ok((await readFile(ledger)).equals(Buffer.concat([lines, batch])));
    await store.leases.release(run, lease);
  }
  await store.close();
});

t.test("only what is torn is cut off: nothing is, without a lease", async (t) => {
  const { folder, ledger } = await withLedger(t);
  await appendFile(ledger, '{"attempt"');
  const { size } = await stat(ledger);
  const store = await openedStore(folder);
  const events = await readAll(store, run);
  const lease = { owner: "nobody", fence: 9, until: 0 };
  t.equal(
    codeOf(await store.ledger.append(run, lease, headOf(events), eventsBehind(headOf(events), 1), durable)),
    "LEASE_LOST",
  );
  t.equal((await stat(ledger)).size, size);
  await store.close();
});

t.test("nothing is appended behind a last line that is no event of this run", async (t) => {
  const { folder, ledger, lines } = await withLedger(t);
  const stranger = sampleRun(2);
  for (const line of ["{}\n", "null\n", "x\n", Buffer.from(eventBytes(createdEvent(stranger))).toString()]) {
    await writeFile(ledger, Buffer.concat([lines, Buffer.from(line)]));
    const store = await openedStore(folder);
    const head = headOf(eventsBehind(headOf([createdEvent(run)]), 2));
    const appended = await store.ledger.append(run, await held(store), head, eventsBehind(head, 1), durable);
    t.equal(codeOf(appended), "LEDGER_BROKEN", line);
    t.equal(await thrownCode(readAll(store, run)), "LEDGER_BROKEN");
    await store.close();
  }
});

t.test("lines longer than the reading window are read whole", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  const head = await createSample(store, run);
  const events = [
    ...eventsBehind(head, 1, 700_000),
    ...eventsBehind(headOf(eventsBehind(head, 1, 700_000)), 3, 300_000),
  ];
  t.equal(codeOf(await store.ledger.append(run, await held(store), head, events, durable)), "ok");
  t.same(await readAll(store, run, 1), events);
  await store.close();
});

t.test("a run.json that names another run, or nothing, is STORE_CORRUPT for its run only", async (t) => {
  const { folder } = await withLedger(t);
  const store = await openedStore(folder);
  await createSample(store, sampleRun(2));
  const path = join(folder, "runs", run.runId, "run.json");
  const other = await readFile(join(folder, "runs", sampleRun(2).runId, "run.json"));
  for (const bytes of [other, Buffer.from("{}"), Buffer.from("")]) {
    await writeFile(path, bytes);
    t.equal(codeOf(await store.ledger.identity(run)), "STORE_CORRUPT");
    t.equal(codeOf(await store.ledger.identity(sampleRun(2))), "ok");
  }
  await rm(path);
  t.equal(codeOf(await store.ledger.identity(run)), "RUN_UNKNOWN");
  await store.close();
});

t.test("a run that was only half made is not there, and is removed once its maker is dead", async (t) => {
  const { folder } = await withLedger(t);
  const store = await openedStore(folder);
  const blocked = sampleRun(3, otherTenant);
  const files = new Map([
    ["a", Buffer.from("x")],
    ["a/b", Buffer.from("x")],
  ]);
  t.equal(codeOf(await store.ledger.create(blocked, files, [createdEvent(blocked)])), "STORE_UNAVAILABLE");
  t.equal(codeOf(await store.ledger.identity(blocked)), "RUN_UNKNOWN");
  t.same(await readdir(join(folder, "runs")), [run.runId]);
  await store.close();
});
