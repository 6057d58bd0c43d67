import t from "tap";
import { takeSnapshot } from "#app/incident.ts";
import { RunWaits } from "#app/service/run-waits.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { StoreError } from "#fault/store-error.ts";
import type { RunKey, RunRow } from "#port/run-store.ts";
import { serviceWorld, type ServiceWorld } from "./service-world.ts";

const STEPS = "    - {id: ask, gate: {approval: ok}}\n    - {id: a, run: {command: [echo, hello]}}";
const PROMISES = "  slo: {runP95Seconds: 1200, approvalP95Seconds: 600}";
const RULE = "  approvals: {ok: {required: 1, from: [approver], ttl: 1h, separationOfDuties: false}}";
const MINUTE = 60_000;

/** A run that waits at its gate, and its row. */
async function waiting(world: ServiceWorld): Promise<{ readonly key: RunKey; readonly row: RunRow }> {
  const key = await world.submit({ pack: await world.upload(STEPS, `${PROMISES}\n${RULE}`), inputs: {} });
  const worker = world.worker();
  worker.start();
  await world.until(key, "waiting");
  await worker.stop();
  const [row] = await world.workplace.store.index.list(key.tenantId, { limit: 1 });
  if (row === undefined) {
    throw new Error("no row");
  }
  return { key, row };
}

t.test("a run that waits is due for what happens next by itself, and not before", async (t) => {
  const world = await serviceWorld(t);
  const { key, row } = await waiting(world);
  const opened = (await world.state(key)).gates["ask"]?.opened?.at ?? 0;
  const reads = { count: 0 };
  const { store } = world.workplace;
  const ledger = {
    ...store.ledger,
    read: (...given: Parameters<typeof store.ledger.read>) => {
      reads.count += 1;
      return store.ledger.read(...given);
    },
  };
  const workplace = { ...world.workplace, store: { ...store, ledger } };
  const due = async (waits: RunWaits, now: number, news: readonly string[] = []): Promise<number> =>
    (await waits.due([row], new Set(news), () => workplace, now)).length;
  const quiet = new RunWaits(false);
  t.equal(await due(quiet, opened + 59 * MINUTE), 0, "no incident is to be opened");
  t.equal(await due(quiet, opened + 61 * MINUTE), 1, "the gate is over");
  t.equal(await due(quiet, opened, [row.runId]), 1, "a command came");

  const waits = new RunWaits(true);
  t.equal(await due(waits, opened + 10 * MINUTE - 1), 0);
  const before = reads.count;
  for (let look = 0; look < 20; look += 1) {
    t.equal(await due(waits, opened + 10 * MINUTE - 1), 0);
  }
  t.equal(reads.count, before, "looking again reads nothing");
  t.equal(await due(waits, opened + 10 * MINUTE), 1);
  t.equal(await due(new RunWaits(true), opened + 40 * MINUTE), 1, "and after a restart");

  // Another server opens the incident of the gate meanwhile; its row is not seen yet.
  const until = timestampOf(opened + 90 * MINUTE);
  const body = { state: "open", by: "slo", reason: "late", until };
  await store.inbox.put(key, { commandId: "incident:slo:ask", kind: "incident", body });
  await takeSnapshot(key, world.workplace);
  const { snapshotAt = 0 } = await world.state(key);
  t.ok(snapshotAt > opened);
  t.equal(await due(waits, opened + 10 * MINUTE), 1, "for the next snapshot, a minute after the last");
  t.equal(await due(new RunWaits(true), snapshotAt + MINUTE - 1), 0, "and not for the gate");
});

t.test("a run whose ledger breaks while it waits is due, and so are the others at their time", async (t) => {
  const world = await serviceWorld(t);
  const { row } = await waiting(world);
  const { store } = world.workplace;
  const opened = (await world.state(row)).gates["ask"]?.opened?.at ?? 0;
  let broken = false;
  const read: typeof store.ledger.read = async function* (...given) {
    if (broken) {
      throw new StoreError({ code: "LEDGER_BROKEN", message: "" });
    }
    yield* store.ledger.read(...given);
  };
  const workplace = { ...world.workplace, store: { ...store, ledger: { ...store.ledger, read } } };
  const waits = new RunWaits(false);
  const due = async (now: number): Promise<number> => (await waits.due([row], new Set(), () => workplace, now)).length;
  t.equal(await due(opened), 0);
  broken = true;
  t.equal(await due(opened + MINUTE), 1, "whoever drives it is told why it cannot be");
});
