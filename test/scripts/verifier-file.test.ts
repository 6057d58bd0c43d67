import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { exportEvidence } from "#app/export-evidence.ts";
import { shippedVerifier } from "#app/shipped-verifier.ts";
import { hexOf } from "#canon/digest.ts";
import { verdictJson, verdictText } from "#view/verdict-text.ts";
import { verifierFile } from "../../scripts/verifier-file.ts";
import { verdictOf, withBundle } from "../app/evidence-files.ts";
import { LATER, must, sealedRun } from "../app/sealed-world.ts";
import { passingFolder } from "../app/passing-folder.ts";

const built = await verifierFile(process.cwd());
const world = await sealedRun();
const alone = passingFolder("verifier");
const script = join(alone, "verify_offline_bundle.mjs");
const trust = join(alone, "trust-root.json");
const tar = join(alone, "bundle.tar");
writeFileSync(script, built.text);
writeFileSync(trust, world.trustRoot);
await withBundle(world.folder, async (source) => must(await exportEvidence(source, tar)));

/** Every Node that this machine has: the one that runs the tests, and an older one where it is installed. */
const nodes = [process.execPath, "/usr/bin/node", "/usr/local/bin/node"].filter((path) => existsSync(path));

const run = (node: string, args: readonly string[]) => {
  const done = spawnSync(node, [script, ...args], { cwd: alone, env: {}, encoding: "utf8" });
  return { code: done.status, out: done.stdout, err: done.stderr };
};

t.test("the committed verifier is what the sources give", async (t) => {
  const named = await shippedVerifier("1.0.0");
  const sum = createHash("sha256").update(built.text).digest("hex");
  t.equal(hexOf(named.digest), sum, "npm run generate");
});

t.test("it is one file: it imports nothing but Node's own modules, and opens no socket", async (t) => {
  const imports = [...built.text.matchAll(/^import .* from "([^"]+)"/gm)].map((match) => match[1]);
  t.ok(imports.length > 0 && imports.every((name) => name?.startsWith("node:") === true), String(imports));
  t.notMatch(built.text, /node:(?:net|http|https|http2|tls|dgram|dns|child_process|worker_threads)"/);
  t.notMatch(built.text, /\brequire\(|\bfetch\(|\beval\(|new Function/);
});

t.test("it gives the very verdict of the library, alone in a folder and without an environment", async (t) => {
  const expected = await verdictOf(world.folder, world.trustRoot);
  for (const node of nodes) {
    for (const path of [world.folder, tar]) {
      const json = run(node, [path, "--trust", trust, "--at", LATER, "--format", "json"]);
      t.same({ ...json }, { code: 0, out: verdictJson(expected), err: "" }, `${node} ${path}`);
      const text = run(node, [path, "--trust", trust, "--at", LATER]);
      t.equal(text.out, verdictText(expected));
    }
  }
});

t.test("its exit code is that of the verdict, or 2 for a wrong use", async (t) => {
  const [node = ""] = nodes;
  const given = [world.folder, "--trust", trust];
  t.equal(run(node, [world.folder]).code, 7, "no trust root");
  t.equal(run(node, [...given, "--at", "2026-01-14T20:00:00.000Z"]).code, 11, "stale");
  t.equal(run(node, [...given, "--at", "2026-01-14T20:00:00Z"]).code, 11, "milliseconds may be left away");
  t.equal(run(node, [...given, "--at", LATER, "--plan-hash", `sha256:${"0".repeat(64)}`]).code, 7);
  t.equal(run(node, [...given, "--at", LATER, "--require-dsse"]).code, 7);
  t.equal(run(node, [...given, "--at", LATER, "--revocations", trust]).code, 7, "no revocation list");
  for (const wrong of [
    [],
    [world.folder, tar],
    [join(alone, "nowhere")],
    [world.folder, "--unknown"],
    [world.folder, "--trust", join(alone, "nowhere")],
    [...given, "--format", "xml"],
    [...given, "--at", "noon"],
    [...given, "--revocations", join(alone, "nowhere")],
  ]) {
    const { code, out, err } = run(node, wrong);
    t.equal(code, 2, wrong.join(" "));
    t.equal(out, "");
    t.match(err, /\S/);
  }
  const digest = createHash("sha256").update(readFileSync(script)).digest("hex");
  t.match(run(node, ["--version"]), {
    code: 0,
    out: new RegExp(`^verify_offline_bundle\\.mjs \\d+\\.\\d+\\.\\d+ sha256:${digest}\n$`),
  });
});

t.test("locale, time zone and umask change nothing in the report", async (t) => {
  const [node = ""] = nodes;
  chmodSync(script, 0o444);
  const args = [script, tar, "--trust", trust, "--at", LATER, "--format", "json"];
  const reports = [
    { LANG: "tr_TR.UTF-8", LC_ALL: "tr_TR.UTF-8", TZ: "Pacific/Kiritimati" },
    { LANG: "C", TZ: "America/St_Johns" },
  ].map((env) => spawnSync(node, args, { cwd: "/", env, encoding: "utf8" }).stdout);
  t.equal(reports[0], reports[1]);
  t.match(reports[0], /"verdict":"verified"/);
});
