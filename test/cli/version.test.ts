import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { version } from "#cli/version.ts";
import { MAIN, packrun } from "./command-line.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), "utf8"));

t.test("the sources, the package and its lock file bear one version", async (t) => {
  t.match(read("package.json"), { version });
  t.match(read("package-lock.json"), { version, packages: { "": { version } } });
});

t.test("packrun says its version, in the form of Semantic Versioning", async (t) => {
  t.ok(MAIN.startsWith(root));
  t.same(packrun(tmpdir(), "--version"), { code: 0, out: `${version}\n`, err: "" });
  t.match(version, /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?$/);
});
