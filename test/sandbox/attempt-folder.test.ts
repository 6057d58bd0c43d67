import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { removeTree } from "#sandbox/attempt-folder.ts";

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
