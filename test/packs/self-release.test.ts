import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";

const pack = join(import.meta.dirname, "../../packs/self-release");
const lock = join(import.meta.dirname, "../../node_modules/.package-lock.json");

type Package = {
  readonly version: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
};
type Component = {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly hashes?: readonly [{ readonly content: string }];
  readonly licenses?: readonly [{ readonly license?: { readonly id: string }; readonly expression?: string }];
};

/** Runs a program of the pack as a step would find it, without a sandbox around it. */
function run(work: string, program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const outputs = join(work, "outputs.json");
  const { status, stderr } = spawnSync(join(pack, "bin", program), args, {
    cwd: work,
    env: { PATH: "/usr/bin:/bin", PACKRUN_PACK: pack, PACKRUN_OUTPUT: outputs, ...env },
    encoding: "utf8",
  });
  const typed = existsSync(outputs) ? (JSON.parse(readFileSync(outputs, "utf8")) as Record<string, unknown>) : {};
  return { status, stderr, typed };
}

t.test("every installed package is in the SBOM, with version, hash, licence and purl", async (t) => {
  const work = t.testdir();
  const { status, stderr, typed } = run(work, "dependency-sbom", [lock]);
  t.equal(status, 0, "it reads the lock file", { stderr });
  const { packages } = JSON.parse(readFileSync(lock, "utf8")) as {
    readonly packages: Readonly<Record<string, Package>>;
  };
  const { components } = JSON.parse(readFileSync(join(work, "dependencies.cdx.json"), "utf8")) as {
    readonly components: readonly Component[];
  };
  t.strictSame(
    components.map((each) => each["bom-ref"]),
    Object.keys(packages),
  );
  const wrong = components.filter((each) => {
    const { version, integrity, license } = packages[each["bom-ref"]] as Package;
    const hash =
      integrity === undefined ? undefined : Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex");
    const [given] = each.licenses ?? [];
    return (
      each.version !== version ||
      each.hashes?.[0].content !== hash ||
      (given?.expression ?? given?.license?.id) !== license ||
      each.purl !== `pkg:npm/${each.name.replace("@", "%40")}@${version}`
    );
  });
  t.strictSame(wrong, []);
  t.equal(typed["components"], components.length);
  t.strictSame(
    new Set(typed["licences"] as readonly string[]),
    new Set(Object.values(packages).flatMap(({ license }) => (license === undefined ? [] : [license]))),
  );
  t.strictSame(
    typed["unlicensed"],
    components.filter(({ licenses }) => licenses === undefined).map(({ name }) => name),
  );
});

t.test("a lock file that is not as npm writes it is refused, never half read", async (t) => {
  const head = '{\n  "name": "x",\n  "version": "1.0.0",\n  "lockfileVersion": 3,\n  "packages": {\n';
  const cases = {
    "not a lock file": "{}\n",
    "another version": `${head.replace("3,", "2,")}    "node_modules/a": {\n      "version": "1.0.0"\n    }\n  }\n}\n`,
    "no package": `${head}  }\n}\n`,
    "a package without a version": `${head}    "node_modules/a": {\n      "license": "MIT"\n    }\n  }\n}\n`,
    "a licence that is no string": `${head}    "node_modules/a": {\n      "version": "1.0.0",\n      "license": {"type": "MIT"}\n    }\n  }\n}\n`,
    "a package that does not end": `${head}    "node_modules/a": {\n      "version": "1.0.0"\n`,
  };
  for (const [what, text] of Object.entries(cases)) {
    const work = t.testdir({ "lock.json": text });
    const { status, typed } = run(work, "dependency-sbom", ["lock.json"]);
    t.not(status, 0, what);
    t.strictSame(typed, {}, `${what}: no typed outputs`);
  }
});

t.test("the archive depends on names, modes and contents only", async (t) => {
  const work = t.testdir({
    source: { "b.txt": "b", "a.txt": "a", inner: { "c.txt": "c" } },
    first: {},
    second: {},
    in: {},
  });
  const env = { SOURCE: join(work, "source"), NAME: "demo-1.0.0" };
  for (const where of ["first", "second"]) {
    t.equal(run(join(work, where), "build-archive", [], env).status, 0);
    spawnSync("touch", ["-d", "2001-01-01", join(work, "source", "a.txt")]);
  }
  const compare = (second: string) => {
    spawnSync("cp", [join(work, "first/release.tar.gz"), join(work, "in/first")]);
    spawnSync("cp", [join(work, second), join(work, "in/second")]);
    spawnSync("cp", [lock, join(work, "in/inventory")]);
    spawnSync("cp", [lock, join(work, "in/dependencies")]);
    return run(work, "compare-archives", [], { PACKRUN_IN: join(work, "in") }).typed;
  };
  const same = compare("second/release.tar.gz");
  t.match(same, { identical: true, files: 3, sha256: /^[0-9a-f]{64}$/ });
  t.match(readFileSync(join(work, "SHA256SUMS"), "utf8"), `${String(same["sha256"])}  archive\n`);
  t.match(compare("source/a.txt"), { identical: false });
});
