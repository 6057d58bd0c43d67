import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { makeFolder } from "#app/make-folder.ts";
import { makeFolder as makeDurableFolder } from "../../src/store/file/durable-file.ts";

for (const [what, make] of [
  ["a folder of the user", makeFolder],
  ["a durable folder", makeDurableFolder],
] as const) {
  t.test(`${what} is made with all above it, and left alone where it is there`, async (t) => {
    const root = t.testdir();
    await make(join(root, "a/b/c"), 0o750);
    t.equal(statSync(join(root, "a/b/c")).mode & 0o777, 0o750);
    mkdirSync(join(root, "own"), { mode: 0o700 });
    await make(join(root, "own"), 0o755);
    t.equal(statSync(join(root, "own")).mode & 0o777, 0o700);
  });

  t.test(`${what} that cannot be made ends in an error, below /proc as well`, async (t) => {
    await t.rejects(make("/proc/packrun/deep/er"), { code: "ENOENT" });
    const root = t.testdir();
    writeFileSync(join(root, "file"), "");
    await t.rejects(make(join(root, "file/below")), { code: "ENOTDIR" });
  });
}
