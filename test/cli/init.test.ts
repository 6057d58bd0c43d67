import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { packTemplates } from "#app/pack-templates.ts";
import { COMPILED } from "../compiled.ts";
import { MAIN, packrun } from "./command-line.ts";
import { answerOf, Place } from "./place.ts";

const place = new Place(t);
const templates = Object.keys(packTemplates);

t.test("a new pack lints and simulates at once, whatever the template", async (t) => {
  t.strictSame(templates, ["command", "release", "audit"]);
  for (const template of templates) {
    const made = await place.packrun("init", template, "--template", template);
    t.equal(made.code, 0, made.err);
    t.match(made.out, `${template}: pack.yaml, bin/`);
    t.match(made.err, `packrun lint ${template}\n  packrun simulate ${template}\n  packrun run ${template}`);
    t.match(await place.packrun("lint", template), { code: 0, out: `${template}: no findings\n` });
    const simulated = await place.packrun("simulate", template);
    t.equal(simulated.code, 0, simulated.err);
    t.match(simulated.out, "outcome  succeeded");
    const [program = ""] = readdirSync(place.here(template, "bin"));
    t.ok(statSync(place.here(template, "bin", program)).mode & 0o100, "its program may be executed");
  }
});

t.test("command and audit run at once, and their evidence verifies", async (t) => {
  for (const template of ["command", "audit"]) {
    const ran = await place.packrun("run", template, "-o", `${template}-out`, "--json");
    t.equal(ran.code, 0, ran.err);
    t.equal((await place.packrun("verify", "last")).code, 0);
  }
  t.equal(readFileSync(place.here("command-out/greetings"), "utf8"), "Hello, Ada\nHello, Grace\n");
  t.equal(readFileSync(place.here("audit-out/report"), "utf8"), "");
});

t.test("audit denies a folder in which something is found, and still reports it", async (t) => {
  place.write("subject/big", new Uint8Array(2049));
  const given = ["-i", "subject=subject", "-i", "largestKiB=2", "-o", "bad"];
  const ran = await place.packrun("run", "audit", ...given, "--json");
  t.equal(ran.code, 5, ran.err);
  t.match(answerOf(ran), { reason: "POLICY_DENIED" });
  t.equal(
    readFileSync(place.here("bad/report"), "utf8"),
    "too large: big\nnobody answers for it: there is no OWNERS\n",
  );
});

t.test("release waits, and goes on when another person has approved", async (t) => {
  const ran = await place.packrun("run", "release", "--no-wait", "--json");
  t.equal(ran.code, 4, ran.err);
  const key = await place.person("alice");
  t.equal((await place.packrun("approve", "last", "signoff", "--key", key, "--reason", "read")).code, 0);
  const ended = await place.packrun("resume", "last", "-o", "released", "--json");
  t.equal(ended.code, 0, ended.err);
  t.match(readFileSync(place.here("released/checksums"), "utf8"), /^[0-9a-f]{64} {2}release-0\.1\.0\.tar\n$/);
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

t.test("at a terminal it asks for the template, unless one is named or nobody may be asked", async (t) => {
  const folder = t.testdir();
  const atTerminal = (typed: string, ...more: readonly string[]) => {
    const command = [process.execPath, "--conditions=@packrun/source", MAIN, "init", ...more];
    const env = { ...process.env, HOME: folder, NODE_COMPILE_CACHE: COMPILED };
    const words = command.map((word) => `'${word}'`).join(" ");
    return spawnSync("script", ["-qec", words, "/dev/null"], { cwd: folder, env, input: typed, encoding: "utf8" });
  };
  const files = (name: string) => readdirSync(join(folder, name, "bin"));
  t.match(atTerminal("3\n", "a"), {
    status: 0,
    stdout: /Which template\?\s+1 {2}command .*\s+2 {2}release .*\s+3 {2}audit/,
  });
  t.strictSame(files("a"), ["check-owners.sh", "check-sizes.sh"]);
  t.match(atTerminal("\n", "b"), { status: 0 });
  t.strictSame(files("b"), ["greet.sh"]);
  t.notMatch(atTerminal("", "c", "--template", "release").stdout, "Which");
  t.strictSame(files("c"), ["build.sh"]);
  t.notMatch(atTerminal("3\n", "d", "--no-input").stdout, "Which");
  t.strictSame(files("d"), ["greet.sh"]);
  t.match(atTerminal("\u0004", "e"), { status: 130, stdout: /nothing is written/ });
  t.notOk(readdirSync(folder).includes("e"));
});
