import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import t from "tap";
import {
  addFile,
  cleanUntouched,
  hasSettled,
  makeAttemptFolder,
  removeTree,
  type AttemptFolder,
} from "#sandbox/attempt-folder.ts";

t.test("a tree whose paths are longer than a system call takes is removed, by tools that see no secret", async (t) => {
  const folder = t.testdir({ tools: {}, tree: {} });
  const seen = join(folder, "seen");
  for (const tool of ["chmod", "rm"]) {
    writeFileSync(join(folder, "tools", tool), `#!/bin/sh\n/usr/bin/env >> ${seen}\n`, { mode: 0o755 });
  }
  const tree = join(folder, "tree");
  mkdirSync(tree, { recursive: true });
  const dig = 'n=$(printf %0200d 0); for i in $(seq 30); do mkdir "$n" && cd "$n" || exit 1; done';
  t.equal(spawnSync("/bin/bash", ["-c", dig], { cwd: tree }).status, 0);
  const { PATH } = process.env;
  process.env["PATH"] = `${join(folder, "tools")}:${PATH ?? ""}`;
  process.env["PACKRUN_KEY_PASSWORD"] = "correct horse";
  await removeTree(tree);
  process.env["PATH"] = PATH;
  delete process.env["PACKRUN_KEY_PASSWORD"];
  t.notOk(existsSync(tree));
  t.notOk(existsSync(seen), existsSync(seen) ? readFileSync(seen, "utf8") : "");
});

const touches: Readonly<Record<string, (folder: AttemptFolder) => void>> = {
  "a file made and removed again": ({ work }) => {
    writeFileSync(join(work, "a"), "");
    rmSync(join(work, "a"));
  },
  "a file left": ({ work }) => writeFileSync(join(work, "a"), ""),
  "rights taken and given back": ({ work }) => [0o755, 0o700].forEach((mode) => chmodSync(work, mode)),
  "times set": ({ work }) => utimesSync(work, 1, 1),
  "an output written": ({ output }) => writeFileSync(output, "{}"),
  "an output written and emptied": ({ output }) => ["{}", ""].forEach((text) => writeFileSync(output, text)),
  "the output replaced": ({ output }) => {
    rmSync(output);
    writeFileSync(output, "", { mode: 0o600 });
  },
  "the working folder gone": ({ work }) => rmSync(work, { recursive: true }),
};

t.test(
  "a folder is for another attempt only when nobody has touched it, and never before that can be told",
  async (t) => {
    const at = t.testdir({});
    const kept = makeAttemptFolder(join(at, "kept"), undefined);
    t.notOk(hasSettled(kept));
    addFile(kept, "script", "true\n");
    addFile(kept, "stdin", "");
    const touched = Object.entries(touches).map(([name, touch], index) => {
      return { name, touch, folder: makeAttemptFolder(join(at, String(index)), undefined) };
    });
    await wait(30);
    t.ok(hasSettled(kept));
    t.ok(cleanUntouched(kept));
    t.strictSame(readdirSync(kept.path).toSorted(), ["output.json", "work"]);
    t.ok(cleanUntouched(kept), "and again for the next one");
    for (const { name, touch, folder } of touched) {
      touch(folder);
      t.notOk(cleanUntouched(folder), name);
    }
  },
);
