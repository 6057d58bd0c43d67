import { spawnSync } from "node:child_process";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { version } from "#cli/version.ts";

const root = join(import.meta.dirname, "../..");

function node(cwd: string, ...args: readonly string[]): { readonly code: number | null; readonly out: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: "utf8" });
  return { code: status, out: stdout + stderr };
}

/** A part, and all that Node.js opens before it can run it. */
function partsLoadedBy(path: string): ReadonlySet<string> {
  const found = new Set([path]);
  for (const each of found) {
    for (const [, name = ""] of readFileSync(each, "utf8").matchAll(/^(?:\} from|import) "(\..*)";$/gm)) {
      found.add(join(each, "..", name));
    }
  }
  return found;
}

t.test("what is published is the same program in a few files", async (t) => {
  const place = t.testdir({ dist: { cli: { "run.js": "stale", "run.d.ts": "kept", "gone.d.ts": "stale" } } });
  const made = node(root, "--conditions=@packrun/source", "scripts/bundle.ts", join(place, "dist"));
  t.same(made, { code: 0, out: "" });
  for (const name of ["node_modules", "package.json", "schemas", "scripts"]) {
    symlinkSync(join(root, name), join(place, name));
  }
  t.same(node(place, "dist/cli/main.js", "--version"), { code: 0, out: `${version}\n` });
  const explained = node(place, "dist/cli/main.js", "explain", "STEP_EXIT");
  t.match(explained, { code: 0, out: /^STEP_EXIT/ }, "finds what stands beside the package");
  const planned = node(place, "dist/cli/main.js", "plan", join(root, "packs/quickstart"), "--json");
  t.match(planned, { code: 0, out: /"planHash":"sha256:/ });
  t.match(node(place, "--input-type=module", "-e", 'console.log(Object.keys(await import("./dist/index.js")))'), {
    code: 0,
    out: "[ 'verify' ]",
  });
  const pack = `apiVersion: packrun.dev/v1
kind: TaskPack
metadata: {name: acme/gated, version: 1.0.0}
spec:
  sandbox: {mode: sealed, egressAllowlist: [], limits: {cpus: 1, memory: 64Mi}}
  policies: {p: {engine: rego, module: p.wasm, entrypoint: packrun/allow}}
  steps: [{id: g, gate: {policy: p}}]
`;
  mkdirSync(join(place, "gated"));
  writeFileSync(join(place, "gated/pack.yaml"), pack);
  cpSync(join(root, "test/policy/rego/asking.wasm"), join(place, "gated/p.wasm"));
  const linted = node(place, "dist/cli/main.js", "lint", "gated");
  t.match(linted, { code: 3, out: /POLICY_BUILTIN[^]*http\.send/ }, "threads for policies find their file");
  const worker = `new (require("node:worker_threads").Worker)("./dist/step/schema-worker.js",
    { workerData: { schema: Buffer.from("{}"), document: Buffer.from("1") } }).on("message", console.log)`;
  t.match(node(place, "-e", worker), { code: 0, out: "{ kind: 'valid' }" }, "and those for schemas can be started");
  const planner = `const thread = new (require("node:worker_threads").Worker)("./dist/cli/planner-thread.js");
    thread.on("message", ({ kind, answer }) => {
      if (kind === "ready") thread.postMessage({ kind: "plan", folder: process.argv[1], inputs: {}, staged: new Map() });
      else thread.terminate().then(() => console.log(answer.value.planHash));
    });`;
  const apart = node(place, "-e", planner, join(root, "packs/quickstart"));
  t.match(planned.out, `"planHash":"${apart.out.trim()}"`, "and a server's planner gives the same plan");
  t.notOk(existsSync(join(place, "dist/cli/run.js")), "what was there before is gone");
  t.ok(existsSync(join(place, "dist/cli/run.d.ts")));
  t.notOk(existsSync(join(place, "dist/cli/gone.d.ts")), "types of a source that is no more are gone, too");
  const [run = ""] = globSync("dist/part/run-[A-Z0-9]*.js", { cwd: place });
  const opened = [...partsLoadedBy(join(place, run))];
  t.ok(opened.length <= 30, "a run opens few files");
  const heart = opened.reduce((one, other) => (statSync(one).size < statSync(other).size ? other : one));
  t.ok(statSync(heart).size > 1_000_000);
  for (const name of ["cli/main", "policy/rego-worker", "step/schema-worker"]) {
    t.notOk(partsLoadedBy(join(place, "dist", `${name}.js`)).has(heart), `${name} loads what it needs`);
  }
  const licences = readFileSync(join(place, "dist/licenses.txt"), "utf8");
  for (const name of ["@marcbachmann/cel-js", "ajv", "ajv-formats", "commander", "fast-uri", "uuid", "yaml"]) {
    t.match(licences, new RegExp(`^${name}\\n\\n`, "m"));
  }
});
