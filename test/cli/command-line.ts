import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

/** Each process would strip and compile the same sources again. */
const COMPILED = join(tmpdir(), "packrun-test-compiled");

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** Runs a command line as a process of its own, in a folder that has its own state, without a terminal. */
export function packrun(cwd: string, ...args: readonly string[]): Ended {
  const env = {
    PATH: process.env["PATH"],
    HOME: cwd,
    PACKRUN_STORE: join(cwd, ".packrun"),
    NO_COLOR: "1",
    CI: "1",
    NODE_COMPILE_CACHE: COMPILED,
  };
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--conditions=@packrun/source", MAIN, ...args], {
    cwd,
    env,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}
