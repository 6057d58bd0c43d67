import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { groupModules } from "./bundle-groups.ts";

/**
 * Replaces the JavaScript that `tsc` left in `dist`, or in the folder that is named, by the same as a few files: the
 * command line, the library, and in `part/` what they share or load only when it is needed. Node.js spends a millisecond
 * or two on each module that it looks up, opens and links, and a run needs some four hundred, a third of them of packages.
 */
const out = resolve(process.argv[2] ?? "dist");
/** Packages that nearly every command loads become part of it; the others are loaded when they are needed. */
const inside = new Set(["@marcbachmann/cel-js", "ajv", "ajv-formats", "commander", "uuid", "yaml"]);
const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: Record<string, string> };
/** Threads begin in files of their own, as the library does. */
const apart = {
  index: "src/index.ts",
  "cli/planner-thread": "src/cli/planner-thread.ts",
  "policy/rego-worker": "src/policy/rego-worker.ts",
  "step/schema-worker": "src/step/schema-worker.ts",
};
const options = {
  // All of it one folder below `dist`, as in `src`: what stands beside the package is found from there.
  entryPoints: { "cli/main": "src/cli/main.ts", ...apart },
  chunkNames: "part/[name]-[hash]",
  outdir: out,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node24",
  external: Object.keys(dependencies).flatMap((name) => (inside.has(name) ? [] : [name, `${name}/*`])),
  // The same sources as ES modules, so that what nobody calls is left out.
  alias: { yaml: resolve("node_modules/yaml/browser/index.js") },
  conditions: ["@packrun/source"],
  // Modules of a group are imported for nothing but to stand in it.
  logOverride: { "ignored-bare-import": "silent" },
  metafile: true,
  write: false,
} as const satisfies BuildOptions;
const ground = {
  first: "src/cli/run-cli.ts",
  heart: ["src/cli/run.ts", "src/cli/local-desk.ts", "src/app/plan-pack.ts", "src/compose.ts"],
  apart: Object.values(apart),
};
const { metafile: ungrouped } = await build(options);
const { outputFiles, metafile } = await build({ ...options, plugins: [groupModules(ungrouped, ground)] });
const files = new Map<string, string | Uint8Array>(outputFiles.map(({ path, contents }) => [path, contents]));
files.set(join(out, "licenses.txt"), licensesOf(Object.keys(metafile.inputs)));
for (const [path, contents] of files) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, contents);
}
// Removed last: a command that runs meanwhile finds its parts as long as it can. Types go with the source that they are of.
for (const name of readdirSync(out, { recursive: true, encoding: "utf8" })) {
  const stale = name.endsWith(".d.ts")
    ? !existsSync(join("src", name.replace(/\.d\.ts$/, ".ts")))
    : name.endsWith(".js") && !files.has(join(out, name));
  if (stale) {
    rmSync(join(out, name));
  }
}

/** The licences of the packages that these files belong to, as they ask for it. */
function licensesOf(inputs: readonly string[]): string {
  const folders = new Set(inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const texts = [...folders].sort().map((folder) => {
    const name = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
    if (name === undefined) {
      throw new Error(`${folder} has no file with its licence`);
    }
    return `${folder.slice(folder.lastIndexOf("node_modules/") + "node_modules/".length)}\n\n${readFileSync(join(folder, name), "utf8").trim()}\n`;
  });
  return texts.join(`\n${"-".repeat(80)}\n\n`);
}
