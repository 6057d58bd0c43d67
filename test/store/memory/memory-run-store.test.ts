import t from "tap";
import type { HolderLife } from "#port/run-store.ts";
import { memoryRunStore } from "#store/memory/memory-run-store.ts";
import { memoryState } from "#store/memory/memory-state.ts";
import { runStoreConformance } from "../../port/run-store.conformance.ts";
import {
  codeOf,
  createSample,
  eventsBehind,
  readAll,
  readBytes,
  sampleCommand,
  sampleRun,
} from "../../port/sample-run.ts";
import { tickingClock } from "../../port/ticking-clock.ts";

runStoreConformance(t, async () => {
  const clock = tickingClock();
  const state = memoryState();
  const lives = new Map<string, HolderLife>();
  const lifeOf = (owner: string): HolderLife => lives.get(owner) ?? { state: "unknown" };
  return {
    clock,
    lives,
    open: async (owner) => memoryRunStore({ clock, state, lifeOf, ...(owner === undefined ? {} : { owner }) }),
    damage: async (runId) => {
      const line = state.runs.get(runId)?.lines[2];
      if (line !== undefined) {
        line[20] = (line[20] ?? 0) ^ 1;
      }
    },
  };
});

t.test("memory that is used up is STORE_FULL, and appending goes on when there is room again", async (t) => {
  const state = memoryState();
  const store = memoryRunStore({ clock: tickingClock(), state });
  const run = sampleRun();
  const head = await createSample(store, run);
  const lease = await store.leases.acquire(run, 15_000);
  if (lease === undefined) {
    throw new Error("no lease");
  }
  state.capacity = 100;
  const events = eventsBehind(head, 3);
  t.equal(codeOf(await store.ledger.append(run, lease, head, events, { durable: true })), "STORE_FULL");
  t.equal(codeOf(await store.ledger.putFile(run, "x", Buffer.alloc(101))), "STORE_FULL");
  t.equal(codeOf(await store.inbox.put(run, { commandId: "a", kind: "cancel", body: "x".repeat(100) })), "STORE_FULL");
  t.equal(
    codeOf(await store.lines.append(run, "egress.jsonl", Buffer.alloc(101, "\n"), { durable: true })),
    "STORE_FULL",
  );
  t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).length, 0);
  t.equal((await readAll(store, run)).length, 1);
  state.capacity = 10_000;
  t.equal(codeOf(await store.ledger.append(run, lease, head, events, { durable: true })), "ok");
});

t.test("what is kept in memory does not change with the caller's bytes", async (t) => {
  const store = memoryRunStore({ clock: tickingClock() });
  const run = sampleRun();
  await createSample(store, run);
  const bytes = Buffer.from("one");
  await store.ledger.putFile(run, "x", bytes);
  bytes.write("two");
  const read = await store.ledger.getFile(run, "x");
  t.equal(read.ok && Buffer.from(read.value).toString(), "one");
  const line = Buffer.from("one\n");
  await store.lines.append(run, "egress.jsonl", line, { durable: true });
  line.write("two");
  t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).toString(), "one\n");
});

t.test("a command that nobody takes is told of at once, and then only after a while", async (t) => {
  const clock = tickingClock();
  const store = memoryRunStore({ clock });
  const run = sampleRun();
  await createSample(store, run);
  await store.inbox.put(run, sampleCommand("a"));
  await store.ledger.changed(run, 1, 60_000);
  let isOver = false;
  const again = store.ledger.changed(run, 1, 60_000).then(() => (isOver = true));
  await new Promise(setImmediate);
  t.notOk(isOver);
  clock.tick(100);
  await again;
  t.equal((await store.inbox.pending(run)).length, 1);
  const read = store.ledger.changed(run, 1, 60_000).then(() => (isOver = true));
  isOver = false;
  clock.tick(59_999);
  await new Promise(setImmediate);
  t.notOk(isOver, "what was read is no news");
  clock.tick(1);
  await read;
});
