import { spawnSync } from "node:child_process";
import { cpSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { builtCli, sourcesDigest } from "./built-cli.ts";

/** A project whose command line says a word. */
function project(folder: string, word: string): void {
  writeFileSync(join(folder, "src/cli/main.ts"), `process.stdout.write(${JSON.stringify(word)});\n`);
}
const said = (main: string): string => spawnSync(process.execPath, [main], { encoding: "utf8" }).stdout;

t.test("what is run is always what the sources say now, and is built once", async (t) => {
  const root = t.testdir({
    "package.json": JSON.stringify({ type: "module", dependencies: {} }),
    "package-lock.json": "{}",
    schemas: {},
    scripts: {},
    src: {
      cli: { "planner-thread.ts": "" },
      policy: { "rego-worker.ts": "" },
      step: { "schema-worker.ts": "" },
      "index.ts": "export const nothing = 0;\n",
    },
  });
  const repository = join(import.meta.dirname, "../..");
  for (const name of ["bundle.ts", "bundle-groups.ts"]) {
    cpSync(join(repository, "scripts", name), join(root, "scripts", name));
  }
  symlinkSync(join(repository, "node_modules"), join(root, "node_modules"));
  const builds = join(root, "builds");
  project(root, "one");
  const one = builtCli(root, builds);
  t.equal(said(one), "one");
  t.equal(builtCli(root, builds), one);
  const before = sourcesDigest(root);
  project(root, "two");
  t.not(sourcesDigest(root), before);
  const two = builtCli(root, builds);
  t.equal(said(two), "two");
  t.not(two, one);
  t.strictSame(readdirSync(builds).length, 2, "nothing else is left behind");
  writeFileSync(join(root, "src/cli/main.ts"), "import './absent.ts';\n");
  t.throws(() => builtCli(root, builds), /cannot be built[^]*absent\.ts/);
});
