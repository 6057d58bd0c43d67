import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { tryFileLock } from "#app/file-lock.ts";
import { StoreSweep, type SweepNote } from "#app/service/store-sweep.ts";
import { faultOf } from "#fault/code-table.ts";
import { storeCodes } from "#fault/store-codes.ts";
import { StoreError } from "#fault/store-error.ts";
import { memoryArtifactStore } from "#store/memory/memory-artifact-store.ts";
import { tickingClock } from "../../port/ticking-clock.ts";

const HOUR = 3_600_000;

/** A store whose sweeps end as these say, one after the other; after that they hang. */
function swept(t: Test, ...ends: readonly (() => Promise<number>)[]) {
  const clock = tickingClock();
  const notes: SweepNote[] = [];
  let asked = 0;
  const sweep = async (): Promise<number> => {
    asked += 1;
    return ends[asked - 1]?.() ?? new Promise<number>(() => undefined);
  };
  const artifacts = { ...memoryArtifactStore(), sweep };
  const sweeps = new StoreSweep(
    { artifacts, clock, settings: { stateFolder: t.testdir({}) } },
    (note) => void notes.push(note),
  );
  return { clock, notes, sweeps, asked: () => asked };
}

t.test("the store is swept at first and every hour, one sweep at a time", async (t) => {
  const { clock, notes, sweeps, asked } = swept(
    t,
    async () => 0,
    async () => 3,
  );
  sweeps.look();
  await sweeps.end();
  t.same(notes, [], "nothing is told where there was nothing");
  clock.tick(HOUR - 1);
  sweeps.look();
  t.equal(asked(), 1);
  clock.tick(1);
  sweeps.look();
  await sweeps.end();
  t.same(notes, [{ event: "store.swept", count: 3 }]);
  clock.tick(HOUR);
  sweeps.look();
  clock.tick(HOUR);
  sweeps.look();
  t.equal(asked(), 3, "the third still goes on");
});

t.test("a store that is gone, and a bug, are told and hold up nobody", async (t) => {
  const fault = faultOf(storeCodes, "STORE_UNAVAILABLE", { problem: "gone" });
  const bug = new Error("bug");
  const { clock, notes, sweeps } = swept(
    t,
    async () => Promise.reject(new StoreError(fault)),
    async () => Promise.reject(bug),
  );
  for (let turn = 0; turn < 2; turn += 1) {
    sweeps.look();
    await sweeps.end();
    clock.tick(HOUR);
  }
  t.same(notes, [
    { event: "store.failed", fault },
    { event: "store.failed", error: bug },
  ]);
});

t.test("what killed servers left of packs is removed of every tenant, and no upload that goes on", async (t) => {
  const notes: SweepNote[] = [];
  const stateFolder = t.testdir({ uploads: { stray: "" } });
  const sweeps = new StoreSweep(
    { artifacts: memoryArtifactStore(), clock: tickingClock(), settings: { stateFolder } },
    (note) => void notes.push(note),
  );
  const [left, other, busy] = [
    "t1/.import.0123456789abcdef",
    "t2/.import.0123456789abcdef",
    "t2/.import.00000000000000ff",
  ].map((path) => join(stateFolder, "uploads", path));
  for (const draft of [left, other, busy]) {
    mkdirSync(join(draft ?? "", "pack"), { recursive: true });
    writeFileSync(join(draft ?? "", "upload.tar"), "half");
    writeFileSync(`${draft}.lock`, "");
  }
  const held = tryFileLock(`${busy}.lock`);
  sweeps.look();
  await sweeps.end();
  t.same(notes, [{ event: "store.swept", count: 2 }]);
  t.same(
    [left, other, busy].map((draft) => existsSync(draft ?? "")),
    [false, false, true],
  );
  held?.close();
});

t.test("a folder of uploads that cannot be read is told", async (t) => {
  const notes: SweepNote[] = [];
  const stateFolder = t.testdir({ uploads: "no folder" });
  const sweeps = new StoreSweep(
    { artifacts: memoryArtifactStore(), clock: tickingClock(), settings: { stateFolder } },
    (note) => void notes.push(note),
  );
  sweeps.look();
  await sweeps.end();
  t.match(notes, [{ event: "store.failed", fault: { code: "STORE_UNAVAILABLE", message: /uploads: .*no folder/ } }]);
});
