import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const scripts = join(import.meta.dirname, "../../scripts/packs");
/** The program behind `python3`: where that is a script which looks for one, it looks once. */
const PYTHON =
  spawnSync("python3", ["-c", "import sys; print(sys.executable)"], { encoding: "utf8" }).stdout?.trim() || "python3";

/** Why the Python verifier cannot be run here; undefined where it can. */
export const missing: string | undefined = [
  {
    command: PYTHON,
    args: ["-c", "import sys; sys.exit(sys.version_info < (3, 9))"],
    what: "python3 (3.9 or later)",
  },
  { command: "openssl", args: ["version"], what: "openssl" },
].find(({ command, args }) => spawnSync(command, args, { stdio: "ignore" }).status !== 0)?.what;

/** What a verifier says of a bundle; `verdict` is absent where it ends with wrong use. */
export type Answer = {
  readonly exitCode: number | null;
  readonly verdict?: string;
  readonly subject?: unknown;
  readonly trustDomain?: string;
  /** `name status CODE` of every check, in the order of the report. */
  readonly checks: readonly string[];
};
export type Answers = { readonly script: Answer; readonly python: Answer; readonly stderr: string };

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };
type Document = {
  readonly verdict: string;
  readonly subject: unknown;
  readonly trustDomain?: string;
  readonly checks: readonly { readonly name: string; readonly status: string; readonly code?: string }[];
};

/** Runs a program without a terminal, network settings or home; `env` is all that it has. */
export function ended(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return new Promise((done, failed) => {
    const child = spawn(command, args, {
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.on("error", failed).on("close", (code) => done({ code, stdout, stderr }));
  });
}

/** What a verifier that ended so has said. */
export function answerOf({ code, stdout }: Pick<Ended, "code" | "stdout">): Answer {
  if (stdout === "") {
    return { exitCode: code, checks: [] };
  }
  const { verdict, subject, trustDomain, checks } = JSON.parse(stdout) as Document;
  const told = checks.map((found) => [found.name, found.status, ...(found.code === undefined ? [] : [found.code])]);
  return {
    exitCode: code,
    verdict,
    subject,
    ...(trustDomain === undefined ? {} : { trustDomain }),
    checks: told.map((words) => words.join(" ")),
  };
}

export const pythonVerifier = (...args: readonly string[]): Promise<Ended> =>
  ended(PYTHON, [join(scripts, "verify_offline_bundle.py"), ...args]);
export const scriptVerifier = (...args: readonly string[]): Promise<Ended> =>
  ended(process.execPath, [join(scripts, "verify_offline_bundle.mjs"), ...args]);

/** Python itself, in an environment of the caller's. */
export const python = (args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> => ended(PYTHON, args, env);

/** What both verifiers say of the bundle at a path. */
export async function askBoth(path: string, args: readonly string[]): Promise<Answers> {
  const all = [path, ...args, "--format", "json"];
  const [script, python] = await Promise.all([scriptVerifier(...all), pythonVerifier(...all)]);
  return { script: answerOf(script), python: answerOf(python), stderr: python.stderr };
}

/** Codes of everything that failed or is stale, as `check CODE`. */
export const codesOf = ({ checks }: Answer): readonly string[] =>
  checks.flatMap((found) => {
    const [name, , code] = found.split(" ");
    return code === undefined ? [] : [`${name} ${code}`];
  });

/** A bundle in memory as a folder. */
export function writeBundle(folder: string, files: ReadonlyMap<string, Uint8Array>): string {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  mkdirSync(folder, { recursive: true });
  return folder;
}
