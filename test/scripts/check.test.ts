import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";

const root = join(import.meta.dirname, "../..");

/** The last line and the exit code of `.ci/run` in a folder whose check has these two steps. */
function check(folder: string, steps: { readonly format: string; readonly test: string }): readonly unknown[] {
  for (const path of ["scripts", ".ci", ".tap/plugins"]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  for (const path of ["check", "scripts/setup", ".ci/run"]) {
    copyFileSync(join(root, path), join(folder, path));
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  const scripts = { ...steps, check: "node --run format && node --run test" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts }));
  const { stdout, status } = spawnSync(join(folder, ".ci/run"), { encoding: "utf8" });
  return [stdout.trimEnd().split("\n").at(-1), status];
}

t.test("the last line counts assertions, and every failure shows in the exit code", async (t) => {
  const passing = "echo '# { total: 12, pass: 12 }'";
  const failing = "echo '# { total: 12, pass: 10, fail: 2 }'; exit 1";
  const cases = [
    ["all is well", { format: "true", test: passing }, "12 passed, 0 failed", 0],
    [
      "a step before the tests fails, the tests run all the same",
      { format: "false", test: passing },
      "12 passed, 1 failed",
      1,
    ],
    ["a step and two assertions fail", { format: "false", test: failing }, "10 passed, 3 failed", 1],
    [
      "the runner fails though every assertion passed",
      { format: "true", test: `${passing}; exit 1` },
      "12 passed, 1 failed",
      1,
    ],
    ["the runner says nothing", { format: "true", test: "true" }, "0 passed, 1 failed", 1],
  ] as const;
  for (const [what, steps, line, status] of cases) {
    t.strictSame(check(t.testdir(), steps), [line, status], what);
  }
});
