import { dirname, resolve } from "node:path";
import type { Metafile, OnLoadResult, Plugin } from "esbuild";

/** A command that loads more than so many bytes at once soon loads next to everything. */
const LIGHT = 60_000;

/** Paths of sources, relative to the current folder, as esbuild writes them. */
export type Ground = {
  /** Loaded by every command. */
  readonly first: string;
  /** What they load, most commands load. */
  readonly heart: readonly string[];
  /** Threads and the library: they load what they need, and no more. */
  readonly apart: readonly string[];
};

/**
 * esbuild makes one file of all modules that are loaded by the same set of beginnings: entry points, and whatever is
 * loaded when it is needed. With some seventy of these that makes three hundred files, and a run looks up, opens and
 * links more than half of them. Here a beginning that loads a part of a group loads all of it, and so most groups are
 * one file: what every command loads, what those load beside it that need little, and the heart of it all. What needs a
 * package that is not part of these files stays out, so that such packages are loaded only when they are needed.
 */
export function groupModules({ inputs, outputs }: Metafile, ground: Ground): Plugin {
  const modules = new Modules({ inputs, outputs });
  const beginnings = modules.beginnings().filter((path) => !ground.apart.includes(path));
  const first = modules.loadedBy(ground.first);
  const beside = (path: string): readonly string[] => [...modules.loadedBy(path)].filter((each) => !first.has(each));
  const commands = beginnings.filter((path) => dirname(path) === dirname(ground.first));
  const light = new Set(commands.filter((path) => modules.sizeOf(beside(path)) < LIGHT).flatMap(beside));
  const heart = new Set(ground.heart.flatMap(beside).filter((path) => !light.has(path)));
  const groups = [first, light, heart].map(
    (group) => new Set([...group].filter((path) => modules.needNoPackage(path))),
  );
  const groupsOf = (path: string): readonly number[] => {
    const loaded = [...modules.loadedBy(path)];
    return groups.flatMap((group, at) => (loaded.some((each) => group.has(each)) ? [at] : []));
  };
  const wanted = new Map(beginnings.map((path) => [resolve(path), groupsOf(path)]));
  return pluginOf(
    groups.map((group) => [...group].map((path) => resolve(path))),
    wanted,
  );
}

/**
 * Whoever loads a beginning when it is needed gets a module that stands for it, and then for its groups; whoever imports
 * it as a part of itself gets the beginning alone.
 */
function pluginOf(groups: readonly (readonly string[])[], wanted: ReadonlyMap<string, readonly number[]>): Plugin {
  const words = (start: string, paths: readonly string[]): readonly string[] =>
    paths.map((path) => `${start} ${JSON.stringify(path)};`);
  const text = (lines: readonly string[]): OnLoadResult => ({ contents: lines.join("\n"), resolveDir: process.cwd() });
  return {
    name: "groups",
    setup: (build) => {
      build.onResolve({ filter: /^group:/ }, ({ path }) => ({ path, namespace: "group" }));
      build.onLoad({ filter: /./, namespace: "group" }, ({ path }) =>
        text(words("import", groups[Number(path.slice("group:".length))] ?? [])),
      );
      build.onResolve({ filter: /^[#.]/ }, async ({ path: name, kind, importer, resolveDir }) => {
        if (kind !== "dynamic-import") {
          return undefined;
        }
        const { path } = await build.resolve(name, { kind: "import-statement", importer, resolveDir });
        return (wanted.get(path) ?? []).length === 0 ? undefined : { path, namespace: "beginning" };
      });
      build.onLoad({ filter: /./, namespace: "beginning" }, ({ path }) => {
        const own = (wanted.get(path) ?? []).map((at) => `group:${at}`);
        return text([...words("export * from", [path]), ...words("import", own)]);
      });
    },
  };
}

/** What loads what, as esbuild found it. */
class Modules {
  readonly #inputs: Metafile["inputs"];
  readonly #sizes = new Map<string, number>();
  readonly #loaded = new Map<string, ReadonlySet<string>>();

  constructor({ inputs, outputs }: Pick<Metafile, "inputs" | "outputs">) {
    this.#inputs = inputs;
    for (const output of Object.values(outputs)) {
      for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
        this.#sizes.set(path, (this.#sizes.get(path) ?? 0) + bytesInOutput);
      }
    }
  }

  /** Entry points, and what is loaded when it is needed. */
  beginnings(): readonly string[] {
    return Object.keys(this.#inputs).flatMap((path) => this.#importsOf(path, "dynamic-import"));
  }

  /** The module itself, and what is loaded with it. */
  loadedBy(path: string): ReadonlySet<string> {
    const known = this.#loaded.get(path);
    if (known !== undefined) {
      return known;
    }
    const found = new Set([path]);
    for (const each of found) {
      this.#importsOf(each, "import-statement").forEach((next) => found.add(next));
    }
    this.#loaded.set(path, found);
    return found;
  }

  sizeOf(paths: readonly string[]): number {
    return paths.reduce((size, path) => size + (this.#sizes.get(path) ?? 0), 0);
  }

  needNoPackage(path: string): boolean {
    const packages = [...this.loadedBy(path)].flatMap((each) =>
      (this.#inputs[each]?.imports ?? []).filter(
        (one) => one.kind === "import-statement" && one.external === true && !/^(node:|<)/.test(one.path),
      ),
    );
    return packages.length === 0;
  }

  #importsOf(path: string, wanted: "dynamic-import" | "import-statement"): readonly string[] {
    const imports = this.#inputs[path]?.imports ?? [];
    return imports.flatMap(({ kind, external, path: name }) => (kind === wanted && external !== true ? [name] : []));
  }
}
