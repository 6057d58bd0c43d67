import { spawnSync } from "node:child_process";
import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { version } from "../../src/cli/version.ts";

const LAUNCHER = join(import.meta.dirname, "../../packrun");

t.test("the command line of a clone works from any folder, also by a link to it", (t) => {
  const folder = t.testdir({ bin: {} });
  symlinkSync(LAUNCHER, join(folder, "bin/packrun"));
  const shown = spawnSync("packrun", ["--version"], {
    cwd: folder,
    env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin` },
    encoding: "utf8",
  });
  t.equal(shown.stdout, `${version}\n`, shown.stderr);
  t.end();
});

t.test("a clone that is not set up says how it is", (t) => {
  const folder = t.testdir();
  copyFileSync(LAUNCHER, join(folder, "packrun"));
  const refused = spawnSync(join(folder, "packrun"), ["--version"], { encoding: "utf8" });
  t.equal(refused.status, 2);
  t.match(refused.stderr, `run ${folder}/quickstart first`);
  t.end();
});
