import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { MongoClient } from "mongodb";
import type { RunStore } from "#port/run-store.ts";
import { openMongoStores, type MongoStoreOptions } from "#store/mongo/open-mongo-store.ts";
import { COMPILED } from "../../compiled.ts";
import {
  codeOf,
  createSample,
  eventBehind,
  eventsBehind,
  headOf,
  held,
  readAll,
  sampleRun,
  thrownCode,
} from "../../port/sample-run.ts";
import { systemClock } from "../../port/system-clock.ts";
import { batchBehind, wholeBatches } from "../file/batch.ts";
import { documentServer, type DocumentServer } from "./document-server.ts";

const run = sampleRun();
const durable = { durable: true };

const server = await documentServer(t);
if (server !== undefined) {
  tests(server);
}

function tests({ address, database, stop, start }: DocumentServer): void {
  const opened = (t: Test, name: string, options: Partial<MongoStoreOptions> = {}): RunStore => {
    const connectionString = `${address}/?serverSelectionTimeoutMS=1500`;
    const stores = openMongoStores({ connectionString, database: name }, { clock: systemClock, ...options });
    if (!stores.ok) {
      throw new Error(stores.fault.message);
    }
    t.teardown(stores.value.store.close);
    return stores.value.store;
  };
  const appender = (...args: readonly (string | number)[]): { child: ChildProcess; lines: AsyncIterator<string> } => {
    const script = fileURLToPath(new URL("appender.ts", import.meta.url));
    const all = ["--conditions=@packrun/source", script, address, ...args.map(String)];
    const child = spawn(process.execPath, all, {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, NODE_COMPILE_CACHE: COMPILED },
    });
    return { child, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  };

  t.test(
    "a process killed while it appends leaves whole batches, all that it knew to be written, and a free lease",
    async (t) => {
      const name = database();
      const store = opened(t, name);
      await createSample(store, run);
      for (let time = 0; time < 2; time += 1) {
        const { child, lines } = appender(name, `K${time}`, 15_000, 1);
        let known = 0;
        for (let line = 0; line <= 2 + time * 2; line += 1) {
          known = Number((await lines.next()).value);
        }
        const ended = once(child, "exit");
        child.kill("SIGKILL");
        await ended;
        const events = await readAll(store, run);
        t.ok(events.length >= known, `${events.length} events, of which ${known} were known to be written`);
        t.ok(wholeBatches(events).includes(`K${time}`));
        const lease = await held(store);
        const batch = batchBehind(headOf(events), "parent", time);
        t.equal(codeOf(await store.ledger.append(run, lease, headOf(events), batch, durable)), "ok");
        await store.leases.release(run, lease);
      }
    },
  );

  t.test("two processes that fight for one run write one chain", async (t) => {
    const name = database();
    const store = opened(t, name);
    await createSample(store, run);
    const fighters = ["L", "R"].map((side) => appender(name, side, 20, 1000, `elsewhere-${side}`));
    // On a busy machine both may be replaced many times before one has written anything.
    let written = 0;
    await Promise.all(
      fighters.map(async ({ lines }) => {
        for (let wasLost = false; !wasLost || written === 0;) {
          const { value } = (await lines.next()) as { value: string };
          t.match(value, /^(\d+|!LEASE_LOST)$/);
          wasLost ||= value === "!LEASE_LOST";
          written = Math.max(written, Number(value) || 0);
        }
      }),
    );
    // Neither is ended before both were replaced: one alone is never refused.
    for (const { child } of fighters) {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    }
    const events = await readAll(store, run);
    t.ok(headOf(events).sequence >= written, "what was known to be written stays");
    const names = wholeBatches(events);
    t.same(
      names.filter((side) => side !== "L" && side !== "R"),
      [],
    );
  });

  t.test("what a replaced holder wrote before its turn came never counts, and is removed", async (t) => {
    const name = database();
    const [old, next] = [opened(t, name, { owner: "old" }), opened(t, name, { owner: "next" })];
    const head = await createSample(old, run);
    const lease = await old.leases.acquire(run, 1);
    t.ok(lease);
    const newer = await held(next);
    await using client = new MongoClient(address);
    const logs = client.db(name).collection("pack_run_logs");
    const late = batchBehind(head, "late", 3);
    if (lease !== undefined) {
      t.equal(codeOf(await old.ledger.append(run, lease, head, late, durable)), "LEASE_LOST");
    }
    t.equal(await logs.countDocuments(), 1, "it clears up what it wrote itself");
    // The same as if it were killed, or its request came late, between its events and its turn.
    for (const [turn, event] of late.slice(1, 4).entries()) {
      await logs.insertOne({ ...event, runId: run.runId, tenantId: run.tenantId, turn: Math.min(turn, 1) });
    }
    t.equal((await readAll(next, run)).length, 1);
    const own = batchBehind(head, "own", 4);
    t.equal(codeOf(await next.ledger.append(run, newer, head, own, durable)), "ok");
    t.same(wholeBatches(await readAll(old, run)), ["own"]);
    t.equal(await logs.countDocuments(), 1 + own.length);
  });

  t.test("a creation that was cut off before its events is whole", async (t) => {
    const name = database();
    const store = opened(t, name);
    const head = await createSample(store, run);
    await using client = new MongoClient(address);
    await client.db(name).collection("pack_run_logs").deleteMany({});
    t.equal((await readAll(store, run)).length, 1);
    const lease = await held(store);
    t.equal(codeOf(await store.ledger.append(run, lease, head, eventsBehind(head, 2), durable)), "ok");
    t.equal((await readAll(opened(t, name), run)).length, 3);
    await client.db(name).collection("pack_run_logs").deleteMany({ sequence: 2 });
    t.equal(await thrownCode(readAll(opened(t, name), run)), "LEDGER_BROKEN", "but nothing else may be missing");
  });

  t.test("metadata of every form comes back as it was", async (t) => {
    const store = opened(t, database());
    const head = await createSample(store, run);
    const lease = await held(store);
    const items = [[[1, [2]]], { "a.b": { $x: -0.5 } }, { "": "nul \0" }, { __proto_: null }, 2 ** 53 - 1, 1e300];
    const event = eventBehind(head, {
      eventType: "map.expanded",
      stepId: "each",
      metadata: { count: items.length, items },
    });
    t.equal(codeOf(await store.ledger.append(run, lease, head, [event], durable)), "ok");
    t.strictSame((await readAll(store, run, 1))[0]?.metadata, event.metadata);
  });

  if (stop !== undefined && start !== undefined) {
    t.test("a server that is gone is STORE_UNAVAILABLE, and the ledger goes on when it is back", async (t) => {
      const store = opened(t, database());
      const head = await createSample(store, run);
      const lease = await held(store);
      await stop();
      const events = eventsBehind(head, 2);
      t.equal(codeOf(await store.ledger.append(run, lease, head, events, durable)), "STORE_UNAVAILABLE");
      t.equal(await thrownCode(store.leases.renew(run, lease, 15_000)), "STORE_UNAVAILABLE");
      t.equal(await thrownCode(readAll(store, run)), "STORE_UNAVAILABLE");
      await store.leases.release(run, { ...lease, fence: 99 });
      await start();
      t.equal(codeOf(await store.ledger.append(run, lease, head, events, durable)), "ok");
      t.equal((await readAll(store, run)).length, 3);
    });
  }
}
