import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { fileArtifactStore } from "#store/file/file-artifact-store.ts";
import { fileRequestStore } from "#store/file/file-request-store.ts";
import { openFileStore } from "#store/file/open-file-store.ts";
import { chunksOf } from "../../port/artifact-store.conformance.ts";
import {
  codeOf,
  createSample,
  headOf,
  held,
  readAll,
  readBytes,
  sampleCommand,
  sampleDigest,
  sampleRow,
  sampleRun,
  tenant,
} from "../../port/sample-run.ts";
import { systemClock } from "../../port/system-clock.ts";
import { batchBehind, wholeBatches } from "./batch.ts";
import { kill, startAppender } from "./child.ts";
import { openedStore } from "./opened-store.ts";
import { fill, smallMedium } from "./small-medium.ts";

const run = sampleRun();
t.test("a limit on the size of files is STORE_FULL; the ledger is whole and goes on without the limit", async (t) => {
  const folder = t.testdir({});
  const store = await openedStore(folder);
  await createSample(store, run);
  const limited = startAppender(folder, "A", { prefix: "ulimit -f 200; " });
  const { last, code } = await limited.untilRefused();
  t.equal(code, "STORE_FULL");
  const events = await readAll(store, run);
  t.equal(events.length, last);
  wholeBatches(events);
  const lease = await held(store);
  const batch = batchBehind(headOf(events), "B", 4);
  t.equal(codeOf(await store.ledger.append(run, lease, headOf(events), batch, { durable: true })), "ok");
  t.equal(wholeBatches(await readAll(store, run)).at(-1), "B");
  await store.close();
});

t.test("a full disk is STORE_FULL; the ledger is whole and the same process goes on when there is room", async (t) => {
  const mounted = smallMedium(t, 1_500_000);
  const isMounted = mounted !== undefined;
  const medium = mounted ?? t.testdir({});
  const ballast = join(medium, "ballast");
  const store = await openedStore(medium);
  await createSample(store, run);
  if (isMounted) {
    writeFileSync(ballast, Buffer.alloc(700_000));
  }
  const appender = startAppender(medium, "A", { rounds: 2, prefix: isMounted ? "" : "ulimit -f 200; " });
  const { last, code } = await appender.untilRefused();
  t.equal(code, "STORE_FULL");
  const events = await readAll(store, run);
  t.equal(events.length, last);
  wholeBatches(events);
  rmSync(ballast, { force: true });
  if (isMounted) {
    appender.process.stdin?.write("\n");
    const resumed = Number(await appender.next());
    t.ok(resumed > last);
    await kill(appender, resumed);
    t.ok((await readAll(store, run)).length >= resumed);
  }
  await store.close();
});

t.test("every part of the store says STORE_FULL on a full disk and keeps what it had", async (t) => {
  const medium = smallMedium(t, 600_000);
  const folder = medium ?? "/dev/full";
  if (medium === undefined) {
    t.equal(codeOf(await openFileStore(folder, { clock: systemClock })), "STORE_UNAVAILABLE");
    return;
  }
  const store = await openedStore(folder);
  const artifacts = fileArtifactStore(join(folder, "artifacts"));
  const head = await createSample(store, run);
  const lease = await held(store);
  const line = Buffer.from("x\n");
  await store.lines.append(run, "egress.jsonl", line, { durable: true });
  fill(join(folder, "ballast"));
  t.equal(codeOf(await store.ledger.putFile(run, "x", Buffer.alloc(5000))), "STORE_FULL");
  t.equal(codeOf(await store.ledger.create(sampleRun(2), new Map([["x", Buffer.alloc(5000)]]), [])), "STORE_FULL");
  const big = Buffer.alloc(8000, "y\n");
  t.equal(codeOf(await store.lines.append(run, "egress.jsonl", big, { durable: true })), "STORE_FULL");
  t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).toString(), "x\n", "nothing of it is kept");
  t.equal(codeOf(await artifacts.put(tenant, chunksOf("x".repeat(5000), 100))), "STORE_FULL");
  t.notOk(await artifacts.has(tenant, sampleDigest("x".repeat(5000))));
  const command = { ...sampleCommand("big"), body: "x".repeat(100_000) };
  t.equal(codeOf(await store.inbox.put(run, command)), "STORE_FULL");
  t.equal(codeOf(await store.index.put({ ...sampleRow(run), reason: "x".repeat(100_000) })), "STORE_FULL");
  for (let time = 0; time < 100; time += 1) {
    t.ok(await store.leases.renew(run, lease, 15_000), "a lease is renewed in the room that its row has");
  }
  rmSync(join(folder, "ballast"));
  t.equal(codeOf(await store.lines.append(run, "egress.jsonl", line, { durable: true })), "ok");
  t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).toString(), "x\nx\n");
  t.same(await store.inbox.pending(run), []);
  t.equal(codeOf(await store.ledger.identity(sampleRun(2))), "RUN_UNKNOWN");
  t.equal(codeOf(await store.ledger.append(run, lease, head, batchBehind(head, "A", 4), { durable: true })), "ok");
  t.equal(codeOf(await store.inbox.put(run, command)), "ok");
  await store.close();
});

t.test("a request that a full disk has no room for is STORE_FULL, and is claimed when there is room", async (t) => {
  const medium = smallMedium(t, 600_000);
  if (medium === undefined) {
    t.pass("room", { skip: "no file system can be mounted here" });
    return;
  }
  const requests = fileRequestStore(join(medium, "requests.db"), systemClock);
  const key = { tenantId: tenant, bearer: "ann", operation: "submitRun", key: "one" };
  const order = { content: "c", work: "x".repeat(50_000), claimMs: 1000, keepMs: 60_000 };
  fill(join(medium, "ballast"));
  const refused = await requests.claim(key, order).catch((error: unknown) => error);
  t.match(refused, { name: "StoreError", fault: { code: "STORE_FULL" } });
  rmSync(join(medium, "ballast"));
  t.match(await requests.claim(key, order), { state: "claimed", work: order.work });
  await requests.close();
});
