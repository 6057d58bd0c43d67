import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { packrun } from "./command-line.ts";

t.test("a new pack lints, plans and simulates at once, whatever the template", async (t) => {
  const folder = t.testdir();
  for (const template of ["hello", "release"]) {
    const made = packrun(folder, "init", template, "--template", template);
    t.equal(made.code, 0, made.err);
    t.match(made.out, `${template}: pack.yaml, bin/`);
    t.match(made.err, `packrun lint ${template}\n  packrun simulate ${template}\n  packrun run ${template}`);
    t.match(packrun(folder, "lint", template), { code: 0, out: `${template}: no findings\n` });
    const simulated = packrun(folder, "simulate", template);
    t.equal(simulated.code, 0, simulated.err);
    t.match(simulated.out, "outcome  succeeded");
    const [program = ""] = readdirSync(join(folder, template, "bin"));
    t.ok(statSync(join(folder, template, "bin", program)).mode & 0o100, "its program may be executed");
  }
});

t.test("no file is ever replaced, and then none is written", async (t) => {
  const folder = t.testdir({ mine: { "pack.yaml": "keep\n" }, other: { bin: { "greet.sh": "keep\n" } } });
  t.match(packrun(folder, "init", "mine"), { code: 2, err: /error\[INIT_EXISTS\]: mine\/pack.yaml is already there/ });
  t.match(packrun(folder, "init", "other", "--json"), { code: 2, out: /"code":"INIT_EXISTS"/ });
  t.strictSame(readdirSync(join(folder, "mine")), ["pack.yaml"]);
  t.strictSame(readdirSync(join(folder, "other")), ["bin"]);
  t.equal(readFileSync(join(folder, "mine/pack.yaml"), "utf8"), "keep\n");
});

t.test("without a folder the current one is used, and names the pack as well as it can", async (t) => {
  const folder = join(t.testdir(), "Été 2026 (Draft)");
  mkdirSync(folder);
  const made = packrun(folder, "init", "--json");
  t.equal(made.code, 0, made.err);
  t.strictSame(JSON.parse(made.out), {
    schemaVersion: 1,
    folder: ".",
    name: "t-2026-draft",
    files: ["pack.yaml", "bin/greet.sh"],
  });
  t.match(packrun(folder, "lint", "."), { code: 0 });
});

t.test("a folder that cannot be made is said in one line", async (t) => {
  const folder = t.testdir();
  writeFileSync(join(folder, "file"), "");
  t.match(packrun(folder, "init", "file/pack"), { code: 2, err: /error\[USER_FILE_WRITE\]/ });
  t.match(packrun(folder, "init", "x", "--template", "none"), { code: 2 });
});
