import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { describeMisfit, misfitsOf, pointerOf, type Misfit, type PathPart } from "#canon/shape.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { systemProblem } from "#fault/system-problem.ts";
import { MAX_PACK_FILE } from "#pack/pack-files.ts";
import { packSource } from "#pack/pack-source.ts";
import { readYaml } from "#pack/read-yaml.ts";
import { appCodes } from "./codes.ts";
import { configLayers, type ConfigFile, type ConfigLayers } from "./config-layers.ts";
import { configShape } from "./config.ts";
import { readBoundedSync } from "./read-bounded.ts";
import type { SettingsSource } from "./settings-source.ts";

export const CONFIG_NAME = "packrun.config.yaml";
const UNREADABLE_HINT = `check --config, PACKRUN_CONFIG and the rights of the file; where neither names one, the nearest ${CONFIG_NAME} upward is read`;

/** How a configuration is found: named, the nearest upward, the user's. */
export type FoundConfig = { readonly file: string; readonly how: "named" | "nearest" | "user" };

/** The files that are read, the first to be asked first. One that is named stands alone. */
export function findConfigs({ flags, env, cwd }: SettingsSource): readonly FoundConfig[] {
  const given = flags.config ?? env["PACKRUN_CONFIG"];
  if (given !== undefined) {
    return [{ file: resolve(cwd, given), how: "named" }];
  }
  const near = nearestUpward(cwd, CONFIG_NAME);
  // XDG Base Directory Specification: what is empty or relative counts as not set.
  const xdg = env["XDG_CONFIG_HOME"] ?? "";
  const home = join(isAbsolute(xdg) ? xdg : join(env["HOME"] ?? homedir(), ".config"), "packrun", "config.yaml");
  return [
    ...(near === undefined ? [] : [{ file: near, how: "nearest" } as const]),
    ...(existsSync(home) ? [{ file: home, how: "user" } as const] : []),
  ];
}

/** `name` in the folder `from` or the nearest one above that has it. */
export function nearestUpward(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, name))) {
      return join(folder, name);
    }
    if (dirname(folder) === folder) {
      return undefined;
    }
  }
}

/** Fault: CONFIG_INVALID, with everything that is wrong in the first file in which something is. */
export function readConfigs(found: readonly FoundConfig[]): Result<ConfigLayers> {
  const files: ConfigFile[] = [];
  for (const { file } of found) {
    const read = readConfig(file);
    if (!read.ok) {
      return read;
    }
    files.push(read.value);
  }
  return ok(configLayers(files));
}

function readConfig(file: string): Result<ConfigFile> {
  const read = readBytes(file);
  if (!read.ok) {
    return read;
  }
  const bytes = read.value;
  const { sound, diagnostics, text, lines, root, value } = readYaml(bytes, file);
  if (!sound || diagnostics.length > 0) {
    return refused(
      file,
      diagnostics.map(({ message, range }) => `${range === undefined ? "" : `line ${range.start.line}: `}${message}`),
    );
  }
  const source = packSource(file, text, lines, root);
  const lineOf: ConfigFile["lineOf"] = (path) => source.range(path, "key").start.line;
  const config = value ?? {};
  const misfits = misfitsOf(configShape, config);
  return misfits.length === 0
    ? ok({ file, value: config, lineOf })
    : refused(
        file,
        misfits.map((misfit) => `line ${lineOf(placeOf(misfit))}: ${problemOf(misfit)}`),
      );
}

function refused(file: string, problem: string | readonly string[]): Result<never> {
  return fail(faultOf(appCodes, "CONFIG_INVALID", { file, problem: [problem].flat().join("; ") }));
}

/** An unknown member is named by the misfit, not by its path. */
function placeOf({ problem, path, found }: Misfit): readonly PathPart[] {
  return problem === "unknown" ? [...path, found] : path;
}

/** What stands in the place of a secret's reference may be its value, and is never echoed. */
function problemOf(misfit: Misfit): string {
  return misfit.path[0] === "secrets" && (misfit.problem === "type" || misfit.problem === "value")
    ? `${pointerOf(misfit.path)}: expected ${misfit.expected}`
    : describeMisfit(misfit);
}

function readBytes(file: string): Result<Uint8Array> {
  try {
    return ok(readBoundedSync(file, MAX_PACK_FILE));
  } catch (error) {
    const data = { file, problem: systemProblem(error) };
    return fail(faultOf(appCodes, "CONFIG_INVALID", data, { hint: UNREADABLE_HINT }));
  }
}
