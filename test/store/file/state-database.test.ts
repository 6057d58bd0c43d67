import { mkdir, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import t from "tap";
import { openFileStore } from "#store/file/open-file-store.ts";
import { processOwner } from "#store/process/process-owner.ts";
import { UNFINISHED } from "#store/file/state-database.ts";
import {
  codeOf,
  createSample,
  eventBehind,
  eventsBehind,
  headOf,
  held,
  readAll,
  sampleCommand,
  sampleRow,
  sampleRun,
  tenant,
} from "../../port/sample-run.ts";
import { systemClock } from "../../port/system-clock.ts";
import { openedStore } from "./opened-store.ts";

const run = sampleRun();
const durable = { durable: true };
const rowOf = async (_ledger: unknown, of: typeof run) => ({ ok: true as const, value: sampleRow(of) });

t.test("a database that was deleted is made again from the ledgers, with their fences", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  let head = await createSample(store, run);
  for (let fence = 1; fence <= 3; fence += 1) {
    const lease = await held(store);
    const acquired = eventBehind(head, { eventType: "lease.acquired", metadata: { owner: lease.owner, fence } });
    t.equal(codeOf(await store.ledger.append(run, lease, head, [acquired], durable)), "ok");
    head = headOf([acquired]);
    await store.leases.release(run, lease);
  }
  await store.close();
  await rm(join(folder, "packrun.db"));
  const again = await openedStore(folder, { rowOf });
  t.same(await again.index.list(tenant, { limit: 10 }), [sampleRow(run)]);
  t.equal((await readAll(again, run)).length, 4);
  t.equal((await held(again)).fence, 4);
  await again.close();
});

t.test("a database of the version before has its rows found by what they say", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await store.index.put(sampleRow(run));
  await store.close();
  const database = new DatabaseSync(join(folder, "packrun.db"));
  database.exec("DROP INDEX runs_unfinished; DROP INDEX inbox_addressed; PRAGMA user_version = 1");
  database.close();
  const again = await openedStore(folder);
  t.same(await again.index.unfinished(), [sampleRow(run)]);
  await again.close();
  const after = new DatabaseSync(join(folder, "packrun.db"));
  const plan = after
    .prepare(`EXPLAIN QUERY PLAN SELECT line FROM runs WHERE ${UNFINISHED} ORDER BY created, run`)
    .all();
  after.close();
  t.match(JSON.stringify(plan), /runs_unfinished/, "and what has ended is not read for it");
});

t.test("a database that was damaged is set aside and made again", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  await store.close();
  await writeFile(
    join(folder, "packrun.db"),
    "this is no database, and longer than a header of one hundred bytes".repeat(9),
  );
  const again = await openedStore(folder, { rowOf });
  t.same(await again.index.list(tenant, { limit: 10 }), [sampleRow(run)]);
  t.ok((await readdir(folder)).includes("packrun.db.damaged"));
  t.equal((await held(again)).fence, 1);
  await again.close();
});

t.test("damage that shows only in use is set aside too", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  await store.index.put(sampleRow(run));
  await store.close();
  const path = join(folder, "packrun.db");
  const bytes = await readFile(path);
  await writeFile(path, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 0xff)]));
  const again = await openedStore(folder);
  t.same(await again.index.list(tenant, { limit: 10 }), []);
  t.same(await again.index.reindex(async (of) => ({ ok: true, value: sampleRow(of) })), {
    ok: true,
    value: { runs: 1, unread: [] },
  });
  t.same(await again.index.list(tenant, { limit: 10 }), [sampleRow(run)]);
  await again.close();
});

t.test("a holder whose database was deleted under it writes no more", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  const head = await createSample(store, run);
  const lease = await held(store);
  await rm(join(folder, "packrun.db"));
  const other = await openedStore(folder);
  const next = await held(other);
  const events = eventsBehind(head, 1);
  t.equal(codeOf(await store.ledger.append(run, lease, head, events, durable)), "LEASE_LOST");
  t.equal(codeOf(await other.ledger.append(run, next, head, events, durable)), "ok");
  await store.close();
  t.equal(codeOf(await other.inbox.put(run, sampleCommand("a"))), "ok", "closing the old one harms nothing");
  t.equal((await readAll(other, run)).length, 2);
  await other.close();
});

t.test("an owner that died on this boot is replaced at once, one that may live is not", async (t) => {
  const folder = t.testdir({});
  const [boot, namespace, pid] = processOwner().split(".");
  t.equal(namespace, (await readlink("/proc/self/ns/pid")).replaceAll(/\D/g, ""));
  const owners = [
    [`${boot}.${namespace}.${pid}.1.ab`, true],
    [`${boot}.${namespace}.4194305.1.ab`, true],
    [processOwner(), false],
    [`another-boot.${namespace}.${pid}.1.ab`, false],
    [`${boot}.1.${pid}.1.ab`, false],
    ["a name of another kind", false],
  ] as const;
  for (const [index, [owner, isDead]] of owners.entries()) {
    const first = await openedStore(folder, { owner });
    await createSample(first, sampleRun(index));
    await held(first, sampleRun(index));
    const second = await openedStore(folder);
    t.equal((await second.leases.current(sampleRun(index))) === undefined, isDead, owner);
    t.equal((await second.leases.acquire(sampleRun(index), 1000))?.fence, isDead ? 2 : undefined, owner);
    await second.close();
    await first.close();
  }
});

t.test("what makers of runs left behind that died is removed, that of the living stays", async (t) => {
  const folder = t.testdir({});
  const [boot, namespace, pid] = processOwner().split(".");
  const dead = join(folder, "runs", `.new~${boot}.${namespace}.${pid}.1.ab~${run.runId}`);
  const alive = join(folder, "runs", `.new~${processOwner()}~${run.runId}`);
  await mkdir(join(dead, "approvals"), { recursive: true });
  await mkdir(alive);
  await (await openedStore(folder)).close();
  await t.rejects(stat(dead));
  t.ok(await stat(alive));
});

t.test("a place where no store can be is STORE_UNAVAILABLE", async (t) => {
  const folder = t.testdir({ file: "", state: { "packrun.db": {} } });
  t.equal(codeOf(await openFileStore(join(folder, "file"), { clock: systemClock })), "STORE_UNAVAILABLE");
  t.equal(codeOf(await openFileStore(join(folder, "state"), { clock: systemClock })), "STORE_UNAVAILABLE");
});

t.test("a closed store leaves no timers, watches or files open", async (t) => {
  const folder = t.testdir({});
  const before = heldResources();
  const store = await openedStore(folder);
  const head = await createSample(store, run);
  const lease = await held(store);
  await store.ledger.append(run, lease, head, eventsBehind(head, 1), durable);
  const waiting = [1, 2, 3].map(async () => store.ledger.changed(run, 2, 60_000));
  await new Promise(setImmediate);
  for await (const event of store.ledger.read(run)) {
    t.equal(event.sequence, 1);
    break;
  }
  await store.close();
  await Promise.all(waiting);
  // Handles that were closed are gone with the next turn of the event loop.
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  t.same(heldResources(), before);
  const files = await Promise.all(
    (await readdir("/proc/self/fd")).map(async (fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")),
  );
  t.same(
    files.filter((file) => file.startsWith(folder)),
    [],
  );
});

/** What keeps a process alive or costs the system something; requests come and go. */
function heldResources(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind === "Timeout" || kind === "FSEventWrap");
}
