import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";

const root = join(import.meta.dirname, "../..");

type Steps = { readonly format: string; readonly test: string; readonly "test:interop"?: string };

/** What `.ci/run` prints, and its exit code, in a folder whose check has these steps. */
function run(
  folder: string,
  steps: Steps,
  hasPackages = true,
): { readonly lines: readonly string[]; readonly status: number | null } {
  for (const path of ["scripts", ".ci", ".tap/plugins"]) {
    mkdirSync(join(folder, path), { recursive: true });
  }
  for (const path of ["check", "scripts/setup", ".ci/run"]) {
    copyFileSync(join(root, path), join(folder, path));
  }
  if (hasPackages) {
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  }
  const names = Object.keys(steps).map((name) => `node --run ${name}`);
  const scripts = { ...steps, check: names.join(" && ") };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ scripts }));
  const { stdout, status } = spawnSync(join(folder, ".ci/run"), { encoding: "utf8" });
  return { lines: stdout.trimEnd().split("\n"), status };
}

/** The last line and the exit code. */
function check(folder: string, steps: Steps): readonly unknown[] {
  const { lines, status } = run(folder, steps);
  return [lines.at(-1), status];
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

t.test("a set-up that fails is a failure, and the last line is there all the same", async (t) => {
  const steps = { format: "true", test: "echo '# { total: 12, pass: 12 }'" };
  t.strictSame(run(t.testdir(), steps, false), { lines: ["0 passed, 1 failed"], status: 1 }, "npm finds no lock file");
});

t.test("what was skipped is named with its reason above the last line, and counts as neither", async (t) => {
  const skipping =
    "printf '    ok 1 - cosign accepts it # SKIP cosign 3.1.3: Go is not installed\\n# { total: 4, pass: 3, skip: 1 }\\n'";
  const steps = { format: "true", test: "echo '# { total: 12, pass: 12 }'", "test:interop": skipping };
  const { lines, status } = run(t.testdir(), steps);
  t.strictSame(lines.slice(-3), [
    "== skipped, and neither passed nor failed: 1",
    "skipped: cosign accepts it # SKIP cosign 3.1.3: Go is not installed",
    "15 passed, 0 failed",
  ]);
  t.equal(status, 0);
});

t.test("each step with tests has to pass some", async (t) => {
  const steps = { format: "true", test: "echo '# { total: 12, pass: 12 }'", "test:interop": "true" };
  t.strictSame(check(t.testdir(), steps), ["12 passed, 1 failed", 1]);
});
