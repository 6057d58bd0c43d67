import { chmodSync, copyFileSync, mkdirSync, renameSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createdEvent, sampleRun } from "../../port/sample-run.ts";
import { openedStore } from "./opened-store.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

t.test("a state folder that is made here is its owner's alone", async (t) => {
  const folder = join(t.testdir({}), ".packrun");
  await (await openedStore(folder)).close();
  t.equal(modeOf(folder), 0o700);
  t.equal(modeOf(join(folder, "runs")), 0o700);
});

t.test("a state folder that was made for several users keeps its rights", async (t) => {
  const folder = join(t.testdir({}), "shared");
  mkdirSync(folder);
  chmodSync(folder, 0o770);
  await (await openedStore(folder)).close();
  t.equal(modeOf(folder), 0o770);
});

t.test("whatever is done to a file of a run moves its mark, be its size and time as before", async (t) => {
  const folder = join(t.testdir({}), ".packrun");
  const store = await openedStore(folder);
  const run = sampleRun();
  const path = "plan.canonical.json";
  await store.ledger.create(run, new Map([[path, Buffer.from("one")]]), [createdEvent(run)]);
  const file = join(folder, "runs", run.runId, path);
  const marks = new Set<string>();
  const look = async (): Promise<void> => {
    const mark = await store.ledger.fileMark(run, path);
    marks.add(mark.ok ? mark.value : mark.fault.code);
  };
  await look();
  await look();
  t.equal(marks.size, 1, "looking at it changes nothing");
  const { atime, mtime } = statSync(file);
  writeFileSync(file, "two");
  utimesSync(file, atime, mtime);
  await look();
  t.equal(marks.size, 2, "written in place");
  copyFileSync(file, `${file}.other`);
  utimesSync(`${file}.other`, atime, mtime);
  renameSync(`${file}.other`, file);
  await look();
  t.equal(marks.size, 3, "replaced");
  await store.close();
});
