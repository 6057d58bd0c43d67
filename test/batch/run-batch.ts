import { globSync } from "node:fs";
import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Test } from "tap";
import type { Batch } from "./batches.ts";

const root = join(import.meta.dirname, "../..");
/** Where the runner keeps the folders of tests. */
const FIXTURES = join(root, ".tap/fixtures");
/** How the address of what a file gets for `tap` begins; the address of the file stands behind it. */
const OWN = "packrun-test:";
const OWNED = "packrun.tests.of.files";
/** Many files take as long as all of them, on a machine that may do much else; in milliseconds. */
const LONGEST_MS = 1_800_000;

/** The test files of a batch, as paths below the root of the project, in the order in which they run. */
export function filesOf({ rooms, apart = [] }: Batch): readonly string[] {
  return rooms
    .flatMap((room) => globSync(`${room}/**/*.test.ts`, { cwd: join(root, "test") }).toSorted())
    .filter((path) => !apart.includes(path))
    .map((path) => join("test", path));
}

/**
 * Runs the test files of a batch one after the other in this process: to start a process, and to load what a room needs,
 * takes longer than most files run. Each file is a subtest of its name, and that subtest is what it imports from `tap`: its
 * teardowns, times and folders are those that it has when it runs alone.
 *
 * A file has to leave the process as it was. What measures the process, or ends others, stands apart.
 */
export async function runBatch(t: Test, batch: Batch): Promise<void> {
  t.setTimeout(LONGEST_MS);
  const owned = new Map<string, Test>();
  Object.defineProperty(globalThis, Symbol.for(OWNED), { value: owned });
  registerHooks({
    resolve: (specifier, context, next) =>
      specifier === "tap" && owned.has(context.parentURL ?? "")
        ? { url: `${OWN}${context.parentURL}`, format: "module", shortCircuit: true }
        : next(specifier, context),
    load: (url, context, next) =>
      url.startsWith(OWN)
        ? { source: ownOf(url.slice(OWN.length)), format: "module", shortCircuit: true }
        : next(url, context),
  });
  for (const path of filesOf(batch)) {
    await t.test(path, async (file) => {
      file.setTimeout(LONGEST_MS);
      file.testdirName = join(FIXTURES, path.replaceAll("/", "-"));
      const { href } = pathToFileURL(join(root, path));
      owned.set(href, file);
      await import(href);
    });
  }
}

const ownOf = (url: string): string =>
  `export default globalThis[Symbol.for(${JSON.stringify(OWNED)})].get(${JSON.stringify(url)});`;
