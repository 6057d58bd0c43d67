import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { parse } from "yaml";
import { batches } from "./batches.ts";
import { filesOf } from "./run-batch.ts";

const root = join(import.meta.dirname, "../..");

t.test("every test file is run once, alone or in one batch", async (t) => {
  const { include, exclude } = parse(readFileSync(join(root, ".taprc"), "utf8")) as Record<string, readonly string[]>;
  const excluded = new Set(globSync(exclude ?? [], { cwd: root }));
  const runs = [
    ...globSync(include ?? [], { cwd: root }).filter((path) => !excluded.has(path)),
    ...Object.values(batches).flatMap(filesOf),
  ];
  const all = globSync("test/**/*.test.ts", { cwd: root }).filter((path) => !excluded.has(path));
  t.ok(all.length > 300);
  t.strictSame(runs.toSorted(), all.toSorted());
});

t.test("a file that fails in a batch fails it, by name, and the others run with what is their own", async (t) => {
  const folder = t.testdir({
    room: {
      "a.test.ts":
        'import t from "tap";\nt.teardown(() => t.comment("cleared"));\nt.test("of a", async (t) => t.fail("no"));\n',
      "b.test.ts":
        'import t from "tap";\nt.test("of b", async (t) => t.pass("yes"));\nt.comment(t.name, t.testdirName);\n',
      "c.test.ts": 'import t from "tap";\nthrow new Error(`broken ${t.name}`);\n',
    },
  });
  const room = join("..", folder.slice(root.length), "room");
  const program = `import t from "tap";
    import { runBatch } from ${JSON.stringify(join(import.meta.dirname, "run-batch.ts"))};
    await runBatch(t, { rooms: [${JSON.stringify(room)}], apart: [${JSON.stringify(join(room, "d.test.ts"))}] });`;
  const { stdout, status } = spawnSync(
    process.execPath,
    ["--conditions=@packrun/source", "--input-type=module-typescript", "-e", program],
    { cwd: root, encoding: "utf8", env: { PATH: process.env["PATH"], TAP: "1" } },
  );
  t.not(status, 0);
  const named = (file: string): string => join(folder, "room", file).slice(root.length + 1);
  t.match(stdout, new RegExp(`^not ok 1 - ${named("a.test.ts")}`, "m"));
  t.match(stdout, /^ {8}not ok 1 - no$/m);
  t.match(stdout, /^ *# cleared$/m);
  t.match(stdout, new RegExp(`^ok 2 - ${named("b.test.ts")}`, "m"));
  t.match(stdout, `# ${named("b.test.ts")} ${join(root, ".tap/fixtures", named("b.test.ts").replaceAll("/", "-"))}`);
  t.match(stdout, new RegExp(`^not ok 3 - ${named("c.test.ts")}`, "m"));
  t.match(stdout, `broken ${named("c.test.ts")}`);
});
