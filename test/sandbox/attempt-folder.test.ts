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

t.test("a folder is for another attempt only when nobody has touched it", async (t) => {
  const at = t.testdir({});
  const kept = makeAttemptFolder(join(at, "kept"), undefined);
  await settled(kept);
  addFile(kept, "script", "true\n");
  addFile(kept, "stdin", "");
  t.ok(cleanUntouched(kept));
  t.strictSame(readdirSync(kept.path).toSorted(), ["output.json", "work"]);
  t.ok(cleanUntouched(kept), "and again for the next one");
  t.ok(hasSettled({ ...kept, changedAt: 2n ** 63n, isKept: true }), "what was kept once is not asked again");
});

t.test("no touch is missed from the moment on that a folder is said to have settled", async (t) => {
  const at = t.testdir({});
  for (const [name, touch] of Object.entries(touches)) {
    for (let round = 0; round < 20; round += 1) {
      const folder = makeAttemptFolder(join(at, `${name} ${round}`), undefined);
      await settled(folder);
      touch(folder);
      t.notOk(cleanUntouched(folder), name);
    }
  }
  const later = makeAttemptFolder(join(at, "later"), undefined);
  t.notOk(hasSettled({ ...later, changedAt: 2n ** 63n }));
  t.notOk(hasSettled({ ...later, path: join(at, "gone") }));
});

/** Some kernels take up to 10 ms to tell two times apart. */
async function settled(folder: AttemptFolder): Promise<void> {
  while (!hasSettled(folder)) {
    await wait(1);
  }
}
