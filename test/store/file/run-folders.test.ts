import { chmodSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
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
