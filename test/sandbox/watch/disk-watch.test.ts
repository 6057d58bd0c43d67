import { mkdtempSync, rmdirSync } from "node:fs";
import t from "tap";
import { DiskWatch } from "../../../src/sandbox/watch/disk-watch.ts";

t.test("a disk that does not answer any more ends the step, and nothing else", async (t) => {
  const folder = mkdtempSync("/var/tmp/packrun-watch-");
  const told: string[] = [];
  const watch = new DiskWatch({ folder, bytes: 1024, pids: () => [], onFull: (problem) => told.push(problem) });
  watch.look();
  t.same(told, []);
  rmdirSync(folder);
  watch.look();
  watch.look();
  t.equal(told.length, 1);
  t.match(told[0], /^the disk of its working folder cannot be looked at \(ENOENT/);
});
