import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { version } from "#cli/version.ts";
import { answerOf, Place } from "../cli/place.ts";

const root = join(import.meta.dirname, "../..");
const place = new Place(t);
const stage = place.here("stage");
const empty = place.here("empty");
const tarball = place.here(`packrun-${version}.tgz`);

type Listed = { readonly path: string; readonly mode: number };

/** A program as a person's shell would find it, with Node.js of the version that packrun needs. */
function run(cwd: string, program: string, ...args: readonly string[]) {
  const settings = Object.entries(process.env).filter(
    ([name]) => !/^(?:npm_|NODE_(?!EXTRA_CA_CERTS$)|TAP)/i.test(name),
  );
  const path = `${dirname(process.execPath)}:${process.env["PATH"]}`;
  const env = { ...Object.fromEntries(settings), PATH: path, CI: "1", NO_COLOR: "1" };
  // What watches over the processes of tests puts itself into these options, and the compiler does not start with it.
  const bare = ["-u", "NODE_OPTIONS", program, ...args];
  const { status, stdout, stderr } = spawnSync("env", bare, { cwd, env, encoding: "utf8" });
  return { code: status, out: stdout, err: stderr };
}

/** The repository as it is when it is published: built from nothing, with what a working copy gathers beside it. */
function stageRepository(): void {
  const aside = new Set(["node_modules", "dist", "test", "bench", "build"]);
  for (const name of readdirSync(root).filter((name) => !name.startsWith(".") && !aside.has(name))) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  const strays = ["test/a.test.ts", "me.key", "packs/quickstart/.packrun/trust/dev.key", "packs/quickstart/alice.key"];
  for (const path of strays) {
    mkdirSync(dirname(join(stage, path)), { recursive: true });
    writeFileSync(join(stage, path), "stray");
  }
}

function pack(): readonly Listed[] {
  stageRepository();
  const typed = run(root, "tsc", "-p", "tsconfig.build.json", "--outDir", join(stage, "dist"));
  const bundle = ["--conditions=@packrun/source", "scripts/bundle.ts", join(stage, "dist")];
  const built = typed.code === 0 ? run(root, process.execPath, ...bundle) : typed;
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", place.folder];
  const packed = built.code === 0 ? run(stage, "npm", ...args) : built;
  if (packed.code !== 0) {
    throw new Error(packed.out + packed.err);
  }
  return (JSON.parse(packed.out) as [{ readonly files: readonly Listed[] }])[0].files;
}

/** Why nothing could be installed, where the reason is that the registry is out of reach. */
function install(): string | undefined {
  mkdirSync(empty);
  const quiet = ["--no-audit", "--no-fund", "--no-progress", "--ignore-scripts"];
  const patience = ["--prefer-offline", "--fetch-retries=1", "--fetch-timeout=20000"];
  const ended = run(empty, "npm", "install", tarball, "--prefix", empty, ...quiet, ...patience);
  if (ended.code === 0) {
    return undefined;
  }
  const away = /npm error code (ENOTFOUND|EAI_AGAIN|ECONN\w+|E?TIMEDOUT|ENET\w+|EHOST\w+|ERR_SOCKET_TIMEOUT|E5\d\d)/;
  const [, code] = away.exec(ended.err) ?? [];
  if (code === undefined) {
    throw new Error(ended.err);
  }
  return `the npm registry cannot be reached (${code})`;
}

const files = pack();
const unreachable = install();

t.test("the package holds what it needs, and nothing that only a working copy has", async (t) => {
  const texts = ["LICENSE", "README.md", "SPEC.md", "docs/runbook.md"];
  const wanted = [...texts, "package.json", "dist/cli/main.js", "dist/index.d.ts"];
  const { files: published } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { files: string[] };
  const others = published.filter((path) => !/^!|^dist$|\.md$/.test(path));
  const whole = [...new Set(["schemas", "packs", "scripts/packs", ...others])].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((name) => `${folder}/${name}`)
      .filter((path) => statSync(join(root, path)).isFile() && !/\/\.|\.key$|\.map$/.test(path)),
  );
  const listed = new Map(files.map(({ path, mode }) => [path, mode]));
  t.strictSame(
    [...wanted, ...whole].filter((path) => !listed.has(path)),
    [],
    "nothing is missing",
  );
  t.strictSame(
    whole.filter((path) => ((listed.get(path) ?? 0) & 0o100) !== (statSync(join(root, path)).mode & 0o100)),
    [],
    "what may be executed stays so",
  );
  const known = new Set([...wanted, ...whole]);
  t.strictSame(
    [...listed.keys()].filter((path) => !known.has(path) && !/^dist\/.*\.(?:js|d\.ts)$/.test(path)),
    ["dist/licenses.txt"],
    "nothing is there by accident",
  );
});

t.test(
  "installed into an empty folder it writes a pack, runs it and verifies it",
  { skip: unreachable ?? false },
  async (t) => {
    const packrun = join(empty, "node_modules/.bin/packrun");
    t.strictSame(run(empty, packrun, "--version"), { code: 0, out: `${version}\n`, err: "" });
    t.match(run(empty, packrun, "init", "demo"), { code: 0, out: "demo: pack.yaml, bin/greet.sh\n" });
    t.match(run(empty, packrun, "lint", "demo", "node_modules/packrun/packs/vuln-db-update"), { code: 0 });
    const ran = run(empty, packrun, "run", "demo", "--json");
    t.equal(ran.code, 0, ran.err);
    t.match(run(empty, packrun, "verify", "last"), { code: 0, out: / 0 failed/ });
    const verifier = join(empty, "node_modules/packrun/scripts/packs/verify_offline_bundle.mjs");
    const evidence = answerOf(ran).evidence ?? "";
    const apart = run(empty, process.execPath, verifier, evidence, "--trust", ".packrun/trust/trust-root.json");
    t.equal(apart.code, 0, apart.out + apart.err);
  },
);

t.test("programs can import it, with its types", { skip: unreachable ?? false }, async (t) => {
  writeFileSync(join(empty, "use.mts"), 'import { verify } from "packrun";\nexport const wrong: string = verify;\n');
  const options = ["--strict", "--module", "nodenext", "--target", "es2023", "--outDir", "made", "--types", ""];
  const typed = run(empty, "tsc", ...options, "use.mts");
  t.match(typed.out, /^use\.mts\(2,14\): error TS2322: Type '\(.*\) => .*' is not assignable to type 'string'\.\n$/);
  t.match(readFileSync(join(empty, "made/use.mjs"), "utf8"), 'from "packrun"');
  t.equal(run(empty, process.execPath, "made/use.mjs").code, 0);
});
