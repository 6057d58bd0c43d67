import { globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { offlineBundles } from "../test/packs/offline/make.ts";

/**
 * Writes every sample below `offline-bundles/` anew, from fixed keys, times and ids; with `--check` it only names those that
 * are out of date. What nobody makes any more is removed, but for the README.
 */
const ROOT = "offline-bundles";
const check = process.argv.includes("--check");
const made = await offlineBundles();
const there = globSync("**", { cwd: ROOT })
  .filter((path) => path !== "README.md" && statSync(join(ROOT, path)).isFile())
  .map((path) => path.replaceAll("\\", "/"));

const stale = [...made].filter(
  ([path, bytes]) => !there.includes(path) || !readFileSync(join(ROOT, path)).equals(bytes),
);
const left = there.filter((path) => !made.has(path));
if (check) {
  [...stale.map(([path]) => path), ...left].forEach((path) => {
    console.error(`${ROOT}/${path} is out of date: node --run offline-bundles`);
    process.exitCode = 1;
  });
} else {
  left.forEach((path) => rmSync(join(ROOT, path)));
  for (const [path, bytes] of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), bytes);
  }
  console.error(`${made.size} files, ${stale.length} written, ${left.length} removed`);
}
