import type { Test } from "tap";
import { foldLedger } from "#app/read-run.ts";
import { readRow } from "#app/run-row.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { HolderLife, Lease, RunRow, RunStore } from "#port/run-store.ts";
import type { LedgerEvent } from "#run/event.ts";
import {
  codeOf,
  createdEvent,
  createSample,
  eventsBehind,
  genesisOf,
  headOf,
  held,
  otherTenant,
  readAll,
  readBytes,
  sampleCommand,
  sampleRow,
  sampleRun,
  tenant,
  thrownCode,
} from "./sample-run.ts";
import { planOf, run as plannedRun } from "../run/sample-plan.ts";
import type { TickingClock } from "./ticking-clock.ts";

export type RunStoreRig = {
  readonly clock: TickingClock;
  /** One more store on the same ground, as another process would have it; `owner` names that process. */
  readonly open: (owner?: string) => Promise<RunStore>;
  /** What became of the processes: nothing is known of those that are absent. */
  readonly lives: Map<string, HolderLife>;
  /** Changes one byte of the third line of the run's ledger behind the store's back. */
  readonly damage: (runId: string) => Promise<void>;
};

const durable = { durable: true };

/** What every run store does. Each case gets a new, empty ground. */
export function runStoreConformance(t: Test, make: (t: Test) => Promise<RunStoreRig>): void {
  const check = (name: string, body: (t: Test, rig: RunStoreRig, store: RunStore) => Promise<void>): void => {
    t.test(name, async (t) => {
      const rig = await make(t);
      const store = await rig.open();
      await body(t, rig, store);
      await store.close();
    });
  };
  check("a run is created with its identity, files and first events", async (t, _rig, store) => {
    const run = sampleRun();
    const event = createdEvent(run);
    const files = new Map([
      ["plan.canonical.json", Buffer.from("{}")],
      ["approvals/release/request.json", Buffer.from("[]")],
    ]);
    t.equal(codeOf(await store.ledger.create(run, files, [event])), "ok");
    t.same(await store.ledger.identity(run), { ok: true, value: run });
    t.same(await readAll(store, run), [event]);
    const file = await store.ledger.getFile(run, "approvals/release/request.json");
    t.equal(file.ok && Buffer.from(file.value).toString(), "[]");
  });

  check("creating the same run again is accepted, another one under its id is not", async (t, _rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    t.equal(codeOf(await store.ledger.create(run, new Map(), [createdEvent(run)])), "ok");
    const other = await store.ledger.create(run, new Map(), [createdEvent(run, "bob")]);
    t.equal(codeOf(other), "RUN_EXISTS");
    const stranger = sampleRun(1, otherTenant);
    t.equal(codeOf(await store.ledger.create(stranger, new Map(), [createdEvent(stranger)])), "RUN_EXISTS");
    t.same(await readAll(store, run), [createdEvent(run)]);
  });

  check("another tenant's key finds nothing", async (t, _rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const lease = await held(store);
    const key = { ...run, tenantId: otherTenant };
    const file = "plan.canonical.json";
    t.equal(codeOf(await store.ledger.identity(key)), "RUN_UNKNOWN");
    t.equal(codeOf(await store.ledger.append(key, lease, head, eventsBehind(head, 1), durable)), "RUN_UNKNOWN");
    t.equal(await thrownCode(readAll(store, key)), "RUN_UNKNOWN");
    t.equal(await thrownCode(readBytes(store.ledger.readRaw(key))), "RUN_UNKNOWN");
    t.equal(codeOf(await store.ledger.getFile(key, file)), "RUN_UNKNOWN");
    t.equal(codeOf(await store.ledger.fileMark(key, file)), "RUN_UNKNOWN");
    t.equal(codeOf(await store.ledger.putFile(key, file, Buffer.from("x"))), "RUN_UNKNOWN");
    t.equal(await store.leases.current(key), undefined);
    await store.leases.release(run, lease);
    t.equal(await store.leases.acquire(key, 15_000), undefined);
    t.equal(codeOf(await store.inbox.put(key, { commandId: "c1", kind: "cancel", body: {} })), "RUN_UNKNOWN");
    t.same(await store.inbox.pending(key), []);
  });

  check("a run that is not there is RUN_UNKNOWN, whatever its id looks like", async (t, _rig, store) => {
    const odd = { tenantId: tenant, runId: "../.." as ReturnType<typeof sampleRun>["runId"] };
    t.equal(codeOf(await store.ledger.identity(sampleRun(7))), "RUN_UNKNOWN");
    t.equal(codeOf(await store.ledger.identity(odd)), "RUN_UNKNOWN");
    t.equal(await store.leases.acquire(sampleRun(7), 1000), undefined);
  });

  check("events are appended behind the head and read back in order", async (t, _rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const lease = await held(store);
    const first = eventsBehind(head, 3);
    t.equal(codeOf(await store.ledger.append(run, lease, head, first, durable)), "ok");
    const second = eventsBehind(headOf(first), 40, 1000);
    t.equal(codeOf(await store.ledger.append(run, lease, headOf(first), second, { durable: false })), "ok");
    t.same(await readAll(store, run), [createdEvent(run), ...first, ...second]);
    t.same(await readAll(store, run, 4), second);
    t.same(await readAll(store, run, 43), second.slice(-1), "once more from a place that was read before");
    t.same(await readAll(store, run, 2), [...first.slice(1), ...second]);
    t.same(await readAll(store, run, 44), []);
    const raw = (await readBytes(store.ledger.readRaw(run))).toString().trimEnd().split("\n");
    t.same(
      raw.map((line) => (JSON.parse(line) as LedgerEvent).sequence),
      [...Array(44).keys()].map((n) => n + 1),
    );
  });

  check("appending nothing is accepted", async (t, _rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    t.equal(codeOf(await store.ledger.append(run, await held(store), head, [], durable)), "ok");
    t.equal((await readAll(store, run)).length, 1);
  });

  check(
    "the same events behind the same head are accepted twice, also after the store was opened again",
    async (t, rig, store) => {
      const run = sampleRun();
      const head = await createSample(store, run);
      const lease = await held(store);
      const first = eventsBehind(head, 2);
      const second = eventsBehind(headOf(first), 2);
      t.equal(codeOf(await store.ledger.append(run, lease, head, first, durable)), "ok");
      t.equal(codeOf(await store.ledger.append(run, lease, head, first, durable)), "ok");
      t.equal(codeOf(await store.ledger.append(run, lease, headOf(first), second, durable)), "ok");
      t.equal(codeOf(await store.ledger.append(run, lease, head, first, durable)), "ok");
      await store.leases.release(run, lease);
      const again = await rig.open();
      const next = await held(again);
      t.equal(codeOf(await again.ledger.append(run, next, head, first, durable)), "ok");
      t.equal(codeOf(await again.ledger.append(run, next, head, [...first, ...second], durable)), "ok");
      t.equal((await readAll(store, run)).length, 5);
      await again.close();
    },
  );

  check("other events behind an old head, and a head that is not there yet, are conflicts", async (t, _rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const lease = await held(store);
    const first = eventsBehind(head, 2);
    t.equal(codeOf(await store.ledger.append(run, lease, head, first, durable)), "ok");
    const lost = async (at: typeof head, events: readonly LedgerEvent[]): Promise<string> =>
      codeOf(await store.ledger.append(run, lease, at, events, durable));
    t.equal(await lost(head, eventsBehind(head, 2, 10, "y")), "LEASE_LOST");
    t.equal(await lost(head, eventsBehind(head, 3)), "LEASE_LOST");
    t.equal(await lost(headOf(eventsBehind(head, 3)), eventsBehind(headOf(eventsBehind(head, 3)), 1)), "LEASE_LOST");
    t.equal(await lost(genesisOf(run), [createdEvent(run, "bob")]), "LEASE_LOST");
    t.equal((await readAll(store, run)).length, 3);
    t.equal(
      codeOf(await store.ledger.append(run, lease, headOf(first), eventsBehind(headOf(first), 1), durable)),
      "ok",
    );
  });

  check("events that do not follow their head are a bug, and nothing is written", async (t, _rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const lease = await held(store);
    const events = eventsBehind(headOf(eventsBehind(head, 1)), 1);
    await t.rejects(store.ledger.append(run, lease, head, events, durable), /does not follow/);
    t.equal((await readAll(store, run)).length, 1);
  });

  check("nothing is written without the current lease", async (t, rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const lease = await held(store);
    const events = eventsBehind(head, 1);
    const tryWith = async (tried: Lease): Promise<string> =>
      codeOf(await store.ledger.append(run, tried, head, events, durable));
    t.equal(await tryWith({ ...lease, fence: lease.fence + 1 }), "LEASE_LOST");
    t.equal(await tryWith({ ...lease, owner: "someone else" }), "LEASE_LOST");
    await store.leases.release(run, lease);
    t.equal(await tryWith(lease), "LEASE_LOST");
    t.equal(await tryWith({ ...lease, owner: "" }), "LEASE_LOST");
    const old = await held(store);
    rig.clock.tick(15_000);
    const other = await rig.open();
    await held(other);
    t.equal(await tryWith(old), "LEASE_LOST");
    t.equal((await readAll(store, run)).length, 1);
    await other.close();
  });

  check("a lease that ran out is still its holder's while nobody took it", async (t, rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const lease = await held(store);
    rig.clock.tick(60_000);
    t.equal(await store.leases.current(run), undefined);
    t.equal(codeOf(await store.ledger.append(run, lease, head, eventsBehind(head, 1), durable)), "ok");
    t.equal((await store.leases.renew(run, lease, 15_000))?.fence, lease.fence);
    t.equal((await store.leases.current(run))?.fence, lease.fence);
  });

  check("a run has at most one live lease, and its fence grows with each", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const other = await rig.open();
    const first = await held(store);
    t.equal(first.until, rig.clock.now() + 15_000);
    t.equal(await other.leases.acquire(run, 15_000), undefined);
    t.equal(await store.leases.acquire(run, 15_000), undefined, "not even for its holder");
    t.same(await other.leases.current(run), { ...first, life: { state: "unknown" } });
    rig.clock.tick(10_000);
    const renewed = await store.leases.renew(run, first, 15_000);
    t.equal(renewed?.until, rig.clock.now() + 15_000);
    rig.clock.tick(14_999);
    t.equal(await other.leases.acquire(run, 15_000), undefined);
    rig.clock.tick(1);
    const second = await held(other);
    t.equal(second.fence, first.fence + 1);
    t.not(second.owner, first.owner);
    t.equal(await store.leases.renew(run, first, 15_000), undefined);
    await store.leases.release(run, first);
    t.match(await store.leases.current(run), second, "releasing a lost lease changes nothing");
    await other.leases.release(run, second);
    t.equal(await store.leases.current(run), undefined);
    t.equal(await other.leases.renew(run, second, 15_000), undefined);
    t.equal((await held(store)).fence, second.fence + 1);
    await other.close();
  });

  check(
    "an owner that is seen to live is never replaced, however long its lease has run out",
    async (t, rig, store) => {
      const run = sampleRun();
      const head = await createSample(store, run);
      const seen = await rig.open("seen");
      for (const life of [
        { state: "running", pid: 7 },
        { state: "stopped", pid: 7 },
      ] as const) {
        rig.lives.set("seen", life);
        const lease = await held(seen);
        rig.clock.tick(86_400_000);
        t.equal(await store.leases.acquire(run, 15_000), undefined);
        t.equal(await seen.leases.acquire(run, 15_000), undefined, "not even for its holder");
        t.same(await store.leases.current(run), { ...lease, life });
        t.equal(codeOf(await seen.ledger.append(run, lease, head, eventsBehind(head, 1), durable)), "ok");
        t.ok(await seen.leases.renew(run, lease, 15_000));
        await seen.leases.release(run, lease);
        t.equal(await store.leases.current(run), undefined);
      }
      await seen.close();
    },
  );

  check("an owner that died is replaced at once, and its lease is lost", async (t, rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const seen = await rig.open("seen");
    const lease = await held(seen);
    rig.lives.set("seen", { state: "dead" });
    t.equal(await store.leases.current(run), undefined);
    t.equal((await held(store)).fence, lease.fence + 1);
    t.equal(codeOf(await seen.ledger.append(run, lease, head, eventsBehind(head, 1), durable)), "LEASE_LOST");
    await seen.close();
  });

  check("a store that is closed gives its leases back", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const other = await rig.open();
    const lease = await held(other);
    await other.close();
    t.equal((await held(store)).fence, lease.fence + 1);
  });

  check("leases of different runs have nothing to do with each other", async (t, _rig, store) => {
    await createSample(store, sampleRun(1));
    await createSample(store, sampleRun(2));
    t.equal((await held(store, sampleRun(1))).fence, 1);
    t.equal((await held(store, sampleRun(2))).fence, 1);
  });

  check("inbox commands come in their order, each once, until they are done", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const other = await rig.open();
    for (const id of ["b", "a", "b", "c", "a"]) {
      t.equal(codeOf(await (id === "c" ? other : store).inbox.put(run, sampleCommand(id))), "ok");
    }
    t.same(await store.inbox.pending(run), [sampleCommand("b"), sampleCommand("a"), sampleCommand("c")]);
    await store.inbox.done(run, ["a", "unknown"]);
    t.same(await other.inbox.pending(run), [sampleCommand("b"), sampleCommand("c")]);
    t.equal(codeOf(await other.inbox.put(run, sampleCommand("a"))), "ok", "a late repetition is accepted");
    t.same(
      (await store.inbox.pending(run)).map((sent) => sent.commandId),
      ["b", "c"],
      "and is nothing new",
    );
    await store.inbox.done(run, ["b", "c"]);
    t.same(await store.inbox.pending(run), []);
    await createSample(store, sampleRun(2));
    await store.inbox.put(sampleRun(2), sampleCommand("a"));
    t.equal((await store.inbox.pending(sampleRun(2))).length, 1, "ids are each run's own");
    await other.close();
  });

  check("files of a run are written once", async (t, _rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const path = "policies/rollout[0]::gate.json";
    t.equal(codeOf(await store.ledger.getFile(run, path)), "FILE_MISSING");
    t.equal(codeOf(await store.ledger.fileMark(run, path)), "FILE_MISSING");
    t.equal(codeOf(await store.ledger.putFile(run, path, Buffer.from("one"))), "ok");
    t.equal(codeOf(await store.ledger.putFile(run, path, Buffer.from("one"))), "ok");
    t.equal(codeOf(await store.ledger.putFile(run, path, Buffer.from("two"))), "FILE_CONFLICT");
    const mark = await store.ledger.fileMark(run, path);
    const file = await store.ledger.getFile(run, path);
    t.equal(file.ok && Buffer.from(file.value).toString(), "one");
    t.equal(codeOf(mark), "ok");
    t.same(await store.ledger.fileMark(run, path), mark, "what nobody changed keeps its mark");
  });

  check("paths that leave the run's folder, or name the store's own files, are refused", async (t, _rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const long = "a/".repeat(600);
    for (const path of ["", "..", "../x", "a/../b", "/x", "a//b", "a/", ".x", "a/.x", "a\\b", "a b", "ä", `${long}x`]) {
      t.equal(codeOf(await store.ledger.putFile(run, path, Buffer.from("x"))), "FILE_PATH", JSON.stringify(path));
      t.equal(codeOf(await store.ledger.getFile(run, path)), "FILE_PATH");
      t.equal(codeOf(await store.ledger.fileMark(run, path)), "FILE_PATH");
    }
    for (const path of ["ledger.jsonl", "run.json", "ledger.jsonl/x"]) {
      t.equal(codeOf(await store.ledger.putFile(run, path, Buffer.from("x"))), "FILE_PATH");
    }
    const files = new Map([["../x", Buffer.from("x")]]);
    t.equal(codeOf(await store.ledger.create(sampleRun(2), files, [createdEvent(sampleRun(2))])), "FILE_PATH");
    t.equal(codeOf(await store.ledger.identity(sampleRun(2))), "RUN_UNKNOWN");
  });

  check("lines are kept in order behind each other, and another store goes on with them", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const other = await rig.open();
    t.same(await readBytes(store.lines.read(run, "egress.jsonl")), Buffer.alloc(0), "nothing where nothing is");
    t.equal(codeOf(await store.lines.append(run, "egress.jsonl", Buffer.from("1\n2\n"), durable)), "ok");
    t.equal(codeOf(await store.lines.append(run, "egress.jsonl", Buffer.from(""), durable)), "ok");
    t.equal(codeOf(await other.lines.append(run, "egress.jsonl", Buffer.from("3\n"), { durable: false })), "ok");
    t.equal(codeOf(await store.lines.append(run, "egress-quota.jsonl", Buffer.from("x\n"), durable)), "ok");
    t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).toString(), "1\n2\n3\n");
    t.equal((await readBytes(other.lines.read(run, "egress-quota.jsonl"))).toString(), "x\n");
    t.equal((await readAll(store, run)).length, 1, "the ledger is as it was");
    await other.close();
  });

  check("many lines appended at once keep the order in which they were asked for", async (t, _rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const numbers = [...Array(50).keys()].map((n) => `${n} ${"x".repeat(n * 200)}\n`);
    const appended = await Promise.all(
      numbers.map(async (line) => store.lines.append(run, "egress.jsonl", Buffer.from(line), { durable: false })),
    );
    t.ok(appended.every((done) => done.ok));
    t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).toString(), numbers.join(""));
  });

  check("lines can be asked to stand behind what is there, and are read from any byte on", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const other = await rig.open();
    const append = async (lines: RunStore["lines"], text: string, behind: number): Promise<string> =>
      codeOf(await lines.append(run, "egress.jsonl", Buffer.from(text), { durable: true, behind }));
    const readFrom = async (from: number): Promise<string> =>
      (await readBytes(store.lines.read(run, "egress.jsonl", from))).toString();
    t.equal(await append(store.lines, "", 0), "ok");
    t.equal(await append(store.lines, "", 1), "LEASE_LOST");
    t.equal(await append(store.lines, "1\n", 1), "LEASE_LOST");
    t.equal(await append(store.lines, "1\n", 0), "ok");
    t.equal(await append(other.lines, "2\n", 0), "LEASE_LOST", "another writer was there");
    t.equal(await append(other.lines, "22\n", 2), "ok");
    t.equal(await append(store.lines, "3\n", 2), "LEASE_LOST");
    t.equal(await append(store.lines, "", 2), "LEASE_LOST");
    t.equal(await append(store.lines, "", 5), "ok");
    t.strictSame(await Promise.all([0, 1, 2, 4, 5, 9].map(readFrom)), ["1\n22\n", "\n22\n", "22\n", "\n", "", ""]);
    await other.close();
  });

  check("lines have names of their own, which no file of a run has", async (t, _rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const bytes = Buffer.from("x\n");
    for (const name of [
      "ledger.jsonl",
      "run.json",
      "",
      "x",
      ".jsonl",
      "../x.jsonl",
      "a/b.jsonl",
      "A.jsonl",
      "a.b.jsonl",
    ]) {
      t.equal(codeOf(await store.lines.append(run, name, bytes, durable)), "FILE_PATH", JSON.stringify(name));
      t.equal(await thrownCode(readBytes(store.lines.read(run, name))), "FILE_PATH");
    }
    for (const path of ["egress.jsonl", "egress-quota.jsonl", "egress.jsonl/x"]) {
      t.equal(codeOf(await store.ledger.putFile(run, path, bytes)), "FILE_PATH", path);
      t.equal(codeOf(await store.ledger.getFile(run, path)), "FILE_PATH");
    }
    t.equal((await readAll(store, run)).length, 1);
  });

  check("another tenant's key, and a run that is not there, have no lines", async (t, _rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const bytes = Buffer.from("x\n");
    await store.lines.append(run, "egress.jsonl", bytes, durable);
    for (const key of [{ ...run, tenantId: otherTenant }, sampleRun(7)]) {
      t.equal(codeOf(await store.lines.append(key, "egress.jsonl", bytes, durable)), "RUN_UNKNOWN");
      t.equal(await thrownCode(readBytes(store.lines.read(key, "egress.jsonl"))), "RUN_UNKNOWN");
    }
    t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).toString(), "x\n");
  });

  check("a run has one key for its marks in every process, until it is destroyed", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const other = await rig.open();
    const taken = await Promise.all([store, other, store].map((one) => one.redactionKeys.take(run)));
    const keys = taken.map((key) => (key.ok ? Buffer.from(key.value) : Buffer.alloc(0)));
    t.same(
      keys.map((key) => key.length),
      [32, 32, 32],
    );
    t.equal(new Set(keys.map((key) => key.toString("hex"))).size, 1);
    t.equal(codeOf(await other.redactionKeys.destroy(run)), "ok");
    t.equal(codeOf(await store.redactionKeys.destroy(run)), "ok", "destroying what is not there is nothing");
    const next = await store.redactionKeys.take(run);
    t.notSame(next.ok && Buffer.from(next.value), keys[0]);
    for (const key of [{ ...run, tenantId: otherTenant }, sampleRun(7)]) {
      t.equal(codeOf(await store.redactionKeys.take(key)), "RUN_UNKNOWN");
      t.equal(codeOf(await store.redactionKeys.destroy(key)), "RUN_UNKNOWN");
    }
  });

  check("lines without their newline are a bug, and nothing is kept of them", async (t, _rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    await t.rejects(store.lines.append(run, "egress.jsonl", Buffer.from("x\ny"), durable), /newline/);
    t.equal((await readBytes(store.lines.read(run, "egress.jsonl"))).length, 0);
  });

  check("changed tells of growth by this store and by another", async (t, rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const other = await rig.open();
    await store.ledger.changed(run, 0, 60_000);
    const lease = await held(store);
    const here = store.ledger.changed(run, 1, 60_000);
    const there = other.ledger.changed(run, 1, 60_000);
    await store.ledger.append(run, lease, head, eventsBehind(head, 1), durable);
    await Promise.all([here, there]);
    await Promise.all([store.ledger.changed(run, 1, 60_000), other.ledger.changed(run, 1, 60_000)]);
    t.pass("all resolved");
    await other.close();
  });

  check("changed tells of inbox commands, also of those that came before it was asked", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    const other = await rig.open();
    const waiting = store.ledger.changed(run, 1, 60_000);
    await other.inbox.put(run, { commandId: "a", kind: "cancel", body: {} });
    await waiting;
    await store.ledger.changed(run, 1, 60_000);
    t.equal((await store.inbox.pending(run)).length, 1);
    await other.inbox.put(run, { commandId: "b", kind: "cancel", body: {} });
    await store.ledger.changed(run, 1, 60_000);
    t.equal((await store.inbox.pending(run)).length, 2);
    await other.close();
  });

  check("changed ends with its time, and when the store is closed", async (t, rig, store) => {
    const run = sampleRun();
    await createSample(store, run);
    await store.ledger.changed(run, 1, 0);
    const timed = store.ledger.changed(run, 1, 500);
    const unknown = store.ledger.changed(sampleRun(9), 0, 500);
    await store.inbox.pending(run);
    while (!(await settled(timed)) || !(await settled(unknown))) {
      rig.clock.tick(500);
    }
    const other = await rig.open();
    const closed = other.ledger.changed(run, 1, 60_000);
    await other.close();
    await closed;
    t.pass("all resolved");
  });

  check("the index lists a tenant's runs, newest first", async (t, _rig, store) => {
    const rows = [1, 2, 3].map((n) => sampleRow(sampleRun(n), `2026-01-0${n}T08:00:00.000Z`));
    const foreign = sampleRow(sampleRun(4, otherTenant));
    for (const row of [...rows, foreign]) {
      t.equal(codeOf(await store.index.put(row)), "ok");
    }
    const [first, second, third] = rows;
    t.same(await store.index.list(tenant, { limit: 10 }), [third, second, first]);
    t.same(await store.index.list(tenant, { limit: 1 }), [third]);
    t.same(await store.index.list(otherTenant, { limit: 10 }), [foreign]);
    const newer = {
      ...sampleRow(sampleRun(1)),
      createdAt: "2026-01-01T08:00:00.000Z",
      updatedAt: "2026-01-01T08:00:00.000Z",
    };
    await store.index.put({ ...newer, updatedAt: "2026-01-02T08:00:00.000Z", reason: "STEP_EXIT" });
    await store.index.put(newer);
    t.equal(
      (await store.index.list(tenant, { limit: 10 })).at(-1)?.reason,
      "STEP_EXIT",
      "an older row never replaces a newer one",
    );
  });

  check("the index gives a tenant's runs page by page, whatever is put meanwhile", async (t, _rig, store) => {
    const at = (n: number): string => `2026-01-0${n < 4 ? 1 : 2}T08:00:00.000Z`;
    const rows = [1, 2, 3, 4, 5].map((n) => ({ ...sampleRow(sampleRun(n), at(n)), packName: n % 2 ? "odd" : "even" }));
    for (const row of rows) {
      await store.index.put(row);
    }
    const page = async (after?: RunRow): Promise<readonly RunRow[]> =>
      store.index.list(tenant, { limit: 2, ...(after === undefined ? {} : { after }) });
    const [one, two, three, four, five] = rows;
    const first = await page();
    t.same(first, [five, four], "runs of one moment go by their ids");
    await store.index.put(sampleRow(sampleRun(6), "2026-01-03T08:00:00.000Z"));
    const second = await page(first.at(-1));
    t.same(second, [three, two]);
    t.same(await page(second.at(-1)), [one]);
    t.same(await page(one), []);
    t.same(await store.index.list(tenant, { limit: 9, packName: "even" }), [four, two]);
    await store.index.put({ ...sampleRow(sampleRun(2), at(2)), status: "failed", packName: "even" });
    t.same(
      (await store.index.list(tenant, { limit: 9, packName: "even", status: "running" })).map(({ runId }) => runId),
      [four?.runId],
    );
    t.same(await store.index.list(otherTenant, { limit: 9, packName: "even" }), []);
  });

  check(
    "the index knows which runs of all tenants have not ended, and what was asked of them",
    async (t, _rig, store) => {
      const queue = { priority: -5, scheduledAt: "2026-01-06T08:00:00.000Z" };
      const [pending, waiting, foreign] = [
        { ...sampleRow(sampleRun(1), "2026-01-03T08:00:00.000Z"), status: "pending", queue } as const,
        { ...sampleRow(sampleRun(2), "2026-01-02T08:00:00.000Z"), status: "waiting" } as const,
        sampleRow(sampleRun(3, otherTenant), "2026-01-02T08:00:00.000Z"),
      ];
      const ended = (["succeeded", "failed", "cancelled"] as const).map((status, at) => ({
        ...sampleRow(sampleRun(4 + at)),
        status,
      }));
      for (const row of [pending, waiting, foreign, ...ended]) {
        await store.index.put(row);
      }
      t.same(await store.index.unfinished(), [waiting, foreign, pending], "the oldest first");
      await store.index.put({ ...pending, status: "succeeded" });
      t.same(await store.index.unfinished(), [waiting, foreign]);
      const newest = { ...foreign, updatedAt: "2026-02-01T08:00:00.000Z" };
      await store.index.put(newest);
      t.same(await store.index.changedSince("2026-02-01T08:00:00.000Z"), [newest], "of any tenant");
      t.equal((await store.index.changedSince("2020-01-01T00:00:00.000Z")).length, 6, "those that have ended, too");
      t.same(await store.index.changedSince("2026-02-01T08:00:00.001Z"), []);
    },
  );

  check("the inbox knows which runs have commands", async (t, _rig, store) => {
    const [here, there] = [sampleRun(1), sampleRun(2, otherTenant)];
    for (const run of [here, there]) {
      await createSample(store, run);
    }
    t.same(await store.inbox.addressed(), []);
    await store.inbox.put(here, sampleCommand("a"));
    await store.inbox.put(here, sampleCommand("b"));
    await store.inbox.put(there, sampleCommand("a"));
    const keys = (await store.inbox.addressed()).toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
    t.same(keys, [
      { tenantId: tenant, runId: here.runId },
      { tenantId: otherTenant, runId: there.runId },
    ]);
    await store.inbox.done(here, ["a", "b"]);
    t.same(await store.inbox.addressed(), [{ tenantId: otherTenant, runId: there.runId }]);
  });

  check("reindex makes all rows from the ledgers", async (t, _rig, store) => {
    await createSample(store, sampleRun(1));
    await createSample(store, sampleRun(2, otherTenant));
    await store.index.put({ ...sampleRow(sampleRun(1)), status: "failed", updatedAt: "2030-01-01T00:00:00.000Z" });
    await store.index.put(sampleRow(sampleRun(3)));
    const done = await store.index.reindex(async (run) => ({ ok: true, value: sampleRow(run) }));
    t.same(done, { ok: true, value: { runs: 2, unread: [] } });
    t.same(await store.index.list(tenant, { limit: 10 }), [sampleRow(sampleRun(1))]);
    t.same(await store.index.list(otherTenant, { limit: 10 }), [sampleRow(sampleRun(2, otherTenant))]);
  });

  check("reindex names a run whose ledger does not hold, and makes the rows of all others", async (t, rig, store) => {
    const plan = planOf([plannedRun("build")]);
    const files = new Map([["plan.canonical.json", canonicalBytes(plan)]]);
    const [whole, broken, seen] = [sampleRun(1), sampleRun(2), sampleRun(3)];
    for (const run of [whole, broken, seen]) {
      t.equal(codeOf(await store.ledger.create(run, files, [createdEvent(run)])), "ok");
    }
    for (const run of [broken, seen]) {
      const lease = await held(store, run);
      const head = headOf([createdEvent(run)]);
      t.equal(codeOf(await store.ledger.append(run, lease, head, eventsBehind(head, 4), durable)), "ok");
      await store.leases.release(run, lease);
      await rig.damage(run.runId);
    }
    await store.index.put(sampleRow(seen));
    const again = await rig.open();
    const made = await again.index.reindex(async (run) => {
      const state = await foldLedger(run, again.ledger);
      return state.ok ? readRow(run, state.value, again.ledger) : state;
    });
    t.match(made, {
      ok: true,
      value: {
        runs: 1,
        unread: [broken, seen].map(({ runId }) => ({ code: "LEDGER_BROKEN", message: `run ${runId}: ` })),
      },
    });
    const rows = await again.index.list(tenant, { limit: 10 });
    t.same(rows.map(({ runId }) => runId).toSorted(), [whole.runId, seen.runId], "what was known stays");
    t.same(
      rows.find(({ runId }) => runId === seen.runId),
      sampleRow(seen),
    );
    await again.close();
  });

  check("a ledger whose chain does not hold is LEDGER_BROKEN from there on", async (t, rig, store) => {
    const run = sampleRun();
    const head = await createSample(store, run);
    const lease = await held(store);
    const events = eventsBehind(head, 4);
    await store.ledger.append(run, lease, head, events, durable);
    await store.leases.release(run, lease);
    await rig.damage(run.runId);
    const again = await rig.open();
    const seen: number[] = [];
    const reading = (async () => {
      for await (const event of again.ledger.read(run)) {
        seen.push(event.sequence);
      }
    })();
    t.equal(await thrownCode(reading), "LEDGER_BROKEN");
    t.same(seen, [1, 2]);
    t.equal((await readBytes(again.ledger.readRaw(run))).toString().split("\n").length, 6, "the bytes can be seen");
    await again.close();
  });
}

/** Whether a promise is resolved once other work had its turn. */
async function settled(promise: Promise<void>): Promise<boolean> {
  const turn = new Promise<boolean>((resolve) => setImmediate(() => resolve(false)));
  return Promise.race([promise.then(() => true), turn]);
}
