import { statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import t from "tap";
import { codeOf, createSample, headOf, held, readAll, sampleRun } from "../../port/sample-run.ts";
import { batchBehind, wholeBatches } from "./batch.ts";
import { kill, startAppender, stop } from "./child.ts";
import { openedStore } from "./opened-store.ts";

const run = sampleRun();

t.test(
  "a process killed while it appends leaves whole batches, all that it knew to be written, and a free lease",
  async (t) => {
    const folder = t.testdir({});
    const store = await openedStore(folder);
    await createSample(store, run);
    for (let time = 0; time < 20; time += 1) {
      const appender = startAppender(folder, `K${time}`);
      let last = 0;
      for (let line = 0; line <= (time * 7) % 23; line += 1) {
        last = Number(await appender.next());
      }
      const known = await kill(appender, last);
      const events = await readAll(store, run);
      t.ok(events.length >= known, `${events.length} events, of which ${known} were known to be written`);
      t.ok(wholeBatches(events).includes(`K${time}`));
      const lease = await held(store);
      const batch = batchBehind(headOf(events), "parent", time);
      t.equal(codeOf(await store.ledger.append(run, lease, headOf(events), batch, { durable: true })), "ok");
      await store.leases.release(run, lease);
    }
    await store.close();
  },
);

t.test(
  "a stopped holder is not replaced, however long its lease has run out: it lives, and so may its steps",
  async (t) => {
    const folder = t.testdir({});
    const store = await openedStore(folder);
    await createSample(store, run);
    const appender = startAppender(folder, "H", { leaseMs: 1 });
    await appender.next();
    const { pid } = appender.process;
    await stop(appender);
    t.equal(await store.leases.acquire(run, 15_000).catch(() => undefined), undefined);
    const held = await store.leases.current(run);
    t.ok((held?.until ?? Number.POSITIVE_INFINITY) <= Date.now());
    t.match(held?.life, { state: "stopped" });
    t.match(held?.life, { pid });
    appender.process.kill("SIGCONT");
    await appender.next();
    t.match((await store.leases.current(run))?.life, { state: "running", pid });
    await kill(appender, 0);
    t.equal(await store.leases.current(run), undefined);
    await store.close();
  },
);

t.test("a holder that cannot be seen, and was stopped and replaced, never writes again", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  for (let time = 0; time < 8; time += 1) {
    const appender = startAppender(folder, `S${time}`, { leaseMs: 30, owner: `elsewhere-${time}` });
    for (let line = 0; line <= time * 3; line += 1) {
      await appender.next();
    }
    await stop(appender);
    let lease = await store.leases.acquire(run, 15_000).catch(() => undefined);
    while (lease === undefined) {
      // Stopped inside the lock it keeps everyone out, and is let go on until it has written.
      appender.process.kill("SIGCONT");
      await appender.next();
      await stop(appender);
      lease = await store.leases.acquire(run, 15_000).catch(() => undefined);
    }
    const before = await readAll(store, run);
    appender.process.kill("SIGCONT");
    const first = batchBehind(headOf(before), "parent", time);
    t.equal(codeOf(await store.ledger.append(run, lease, headOf(before), first, { durable: true })), "ok");
    t.equal((await appender.untilRefused()).code, "LEASE_LOST");
    const second = batchBehind(headOf(first), "parent", time + 1);
    t.equal(codeOf(await store.ledger.append(run, lease, headOf(first), second, { durable: true })), "ok");
    t.same(wholeBatches((await readAll(store, run)).slice(before.length)), ["parent", "parent"]);
    await store.leases.release(run, lease);
  }
  await store.close();
});

t.test("nothing is written while another holds the lock, nor once it has given the lease away", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  const rounds = 10;
  const appender = startAppender(folder, "F", { rounds });
  const ledger = join(folder, "runs", run.runId, "ledger.jsonl");
  const database = new DatabaseSync(join(folder, "packrun.db"), { timeout: 5000 });
  for (let round = 0; round < rounds; round += 1) {
    await appender.next();
    database.exec("BEGIN IMMEDIATE");
    const { size } = statSync(ledger);
    const sizes = new Set(Array.from({ length: 5000 }, () => statSync(ledger).size));
    t.same([...sizes], [size]);
    database.exec("UPDATE leases SET owner = 'another', fence = fence + 1; COMMIT");
    t.equal((await appender.untilRefused()).code, "LEASE_LOST");
    t.equal(statSync(ledger).size, size);
    database.exec("UPDATE leases SET owner = ''");
    appender.process.stdin?.write("\n");
  }
  database.close();
  wholeBatches(await readAll(store, run));
  await store.close();
});

t.test("two processes that fight for one run write one chain", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  const fighters = ["L", "R"].map((name) => ({
    name,
    appender: startAppender(folder, name, { leaseMs: 5, rounds: 4, owner: `elsewhere-${name}` }),
  }));
  const known = await Promise.all(
    fighters.map(async ({ name, appender }) => {
      let last = 0;
      for (let round = 0; round < 3; round += 1) {
        const refused = await appender.untilRefused();
        t.equal(refused.code, "LEASE_LOST");
        last = Math.max(last, refused.last);
        appender.process.stdin?.write("\n");
      }
      return { name, last };
    }),
  );
  await Promise.all(fighters.map(async ({ appender }) => kill(appender, 0)));
  const events = await readAll(store, run);
  const names = wholeBatches(events);
  for (const { name, last } of known.filter((fighter) => fighter.last > 0)) {
    t.ok(names.includes(name));
    t.ok(events.length >= last);
  }
  t.same(
    names.filter((name) => name !== "L" && name !== "R"),
    [],
  );
  await store.close();
});
