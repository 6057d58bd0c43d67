import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { COMPILED } from "../compiled.ts";
import { builtCli } from "./built-cli.ts";

const root = join(import.meta.dirname, "../..");
const cache = join(root, "node_modules/.cache/packrun-tests");

/** The main program of the command line, as it is published. */
export const MAIN = builtCli(root, join(cache, "cli"));

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs a command line as a process of its own, in a folder that has its own state, without a terminal. */
export function packrun(cwd: string, ...args: readonly string[]): Ended {
  return packrunIn(cwd, {}, ...args);
}

/** The same with more in its environment. */
export function packrunIn(cwd: string, more: Readonly<Record<string, string>>, ...args: readonly string[]): Ended {
  const env = {
    PATH: process.env["PATH"],
    HOME: cwd,
    PACKRUN_STORE: join(cwd, ".packrun"),
    NO_COLOR: "1",
    CI: "1",
    NODE_COMPILE_CACHE: COMPILED,
    ...more,
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    env,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}
