import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Ended = { readonly code: number | null; readonly out: string; readonly err: string };
export type Running = {
  readonly cwd?: string;
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
};

/** What puts a program into an empty network namespace: the first of these that this host allows. */
const NAMESPACES: readonly (readonly string[])[] = [
  ["bwrap", "--dev-bind", "/", "/", "--unshare-net", "--"],
  ["unshare", "--net"],
  ["unshare", "--map-root-user", "--net"],
];

/** Empty where no program can be put into one. */
export const emptyNetwork: readonly string[] =
  NAMESPACES.find(([command = "", ...args]) => spawnSync(command, [...args, "true"]).status === 0) ?? [];

/** No program may find something of its user's: no keys, no cache of a trust root, no settings. */
const home = mkdtempSync(join(tmpdir(), "packrun-interop-home-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));

/** Runs a program without a network, with an empty home, and with PATH and `env` alone in its environment. */
export function offline(command: readonly string[], { cwd, input = "", env = {} }: Running = {}): Promise<Ended> {
  const [program = "", ...args] = [...emptyNetwork, ...command];
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd: cwd ?? home,
      env: { PATH: process.env["PATH"], HOME: home, NO_COLOR: "1", ...env },
    });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.stdin.on("error", () => undefined).end(input);
    child.on("error", failed).on("close", (code) => done({ code, out, err }));
  });
}
