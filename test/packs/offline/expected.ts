import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Sample } from "./sample.ts";

/** The samples that are there. */
export const FOLDER: string = join(import.meta.dirname, "../../../offline-bundles");

export type ExpectedSample = Pick<Sample, "path" | "verdict" | "code" | "at" | "args">;

/** What has to be said of each, by its name. */
export function readExpected(): readonly (readonly [string, ExpectedSample])[] {
  const text = readFileSync(join(FOLDER, "expected.json"), "utf8");
  return Object.entries(JSON.parse(text) as Record<string, ExpectedSample>);
}

/** The command line of a verifier, with paths that are good anywhere. */
export function argumentsOf({ path, at, args = [] }: ExpectedSample, folder: string = FOLDER): readonly string[] {
  const placed = args.map((arg, index) => (args[index - 1] === "--revocations" ? join(folder, arg) : arg));
  const when = at === undefined ? [] : ["--at", at];
  return [join(folder, path), "--trust", join(folder, "trust-root.json"), ...when, ...placed, "--format", "json"];
}

export const isPackBundle = ({ path }: ExpectedSample): boolean => /\.packbundle|^tampered\/pack-/.test(path);
