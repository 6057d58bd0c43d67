import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Test } from "tap";
import type { LedgerEvent } from "#run/event.ts";
import { COMPILED } from "../compiled.ts";
import { MAIN, type Ended } from "./command-line.ts";

/** The answer of `run`, `resume` and `runs show` in JSON. */
export type RunAnswer = {
  readonly runId: string;
  readonly planHash: string;
  readonly status: string;
  readonly reason: string | null;
  readonly evidence: string | null;
  readonly exitCode: number;
  readonly steps: readonly { readonly id: string; readonly status: string; readonly reason: string | null }[];
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly pendingGates: readonly { readonly id: string; readonly required: number; readonly have: number }[];
};

export type FaultAnswer = {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly exitCode: number;
  };
};

/** What a test may say of a pack; the rest is written out here. */
export type PackSpec = { readonly steps: readonly object[] } & Readonly<Record<string, unknown>>;

/** A command line that is on its way. */
export type Running = {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly out: () => string;
  readonly err: () => string;
};

/** Nothing here takes so long unless it hangs, in milliseconds. */
const LONGEST_MS = 120_000;
const LOOK_MS = 5;

/** Looks again and again until there is an answer; a test that waits in vain says for what. */
export async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  for (const end = Date.now() + LONGEST_MS; Date.now() < end; await pause(LOOK_MS)) {
    const found = look();
    if (found !== undefined && found !== false) {
      return found;
    }
  }
  throw new Error(`waited in vain for ${what}`);
}

/** A folder of its own, outside the repository, with everything that a test does with packrun in it. */
export class Place {
  readonly folder: string;
  readonly #living = new Set<ChildProcess>();

  constructor(t: Test) {
    this.folder = mkdtempSync(join(tmpdir(), "packrun-place-"));
    t.teardown(async () => {
      await Promise.all([...this.#living].map(endNow));
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
    });
  }

  here(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  write(path: string, text: string | Uint8Array, mode = 0o644): string {
    mkdirSync(dirname(this.here(path)), { recursive: true });
    writeFileSync(this.here(path), text);
    chmodSync(this.here(path), mode);
    return this.here(path);
  }

  /** Writes a pack; JSON is YAML. */
  pack(name: string, { sandbox = {}, ...spec }: PackSpec): string {
    const limits = { cpus: 1, memory: "64Mi", pids: 64, ...(sandbox as { limits?: object }).limits };
    const whole = { mode: "sealed", egressAllowlist: [], ...(sandbox as object), limits };
    const metadata = { name: `acme/${name}`, version: "1.0.0" };
    const pack = { apiVersion: "packrun.dev/v1", kind: "TaskPack", metadata, spec: { sandbox: whole, ...spec } };
    this.write(`${name}/pack.yaml`, JSON.stringify(pack, undefined, 2));
    return name;
  }

  start(args: readonly string[], env: Readonly<Record<string, string>> = {}, longestMs = LONGEST_MS): Running {
    const child = spawn(process.execPath, ["--conditions=@packrun/source", MAIN, ...args], {
      cwd: this.folder,
      env: {
        PATH: process.env["PATH"],
        HOME: this.folder,
        NO_COLOR: "1",
        CI: "1",
        NODE_COMPILE_CACHE: COMPILED,
        ...env,
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#living.add(child);
    const limit = setTimeout(() => child.kill("SIGKILL"), longestMs);
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    const ended = new Promise<Ended>((resolve) => {
      child.on("close", (code) => {
        clearTimeout(limit);
        this.#living.delete(child);
        resolve({ code, out, err });
      });
    });
    return { child, ended, out: () => out, err: () => err };
  }

  packrun(...args: readonly string[]): Promise<Ended> {
    return this.start(args).ended;
  }

  /** Runs of this place, the oldest first. */
  runs(): readonly string[] {
    const folder = this.here(".packrun/runs");
    return existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => !name.startsWith("."))
          .toSorted()
      : [];
  }

  /** The newest run. */
  lastRun(): string | undefined {
    return this.runs().at(-1);
  }

  runFile(runId: string, ...parts: readonly string[]): string {
    return this.here(".packrun/runs", runId, ...parts);
  }

  /** Whole lines of a run's ledger; what is being written begins with a zero byte until it is there. */
  ledger(runId = this.lastRun()): readonly LedgerEvent[] {
    const file = runId === undefined ? undefined : this.runFile(runId, "ledger.jsonl");
    if (file === undefined || !existsSync(file)) {
      return [];
    }
    const [written = ""] = readFileSync(file, "utf8").split("\0");
    return written
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as LedgerEvent);
  }

  /** Waits for an event of the newest run. */
  event(what: string, is: (event: LedgerEvent) => boolean): Promise<LedgerEvent> {
    return until(what, () => this.ledger().find(is));
  }

  /** Makes a key pair and gives its principal roles in the trust root of this place. */
  async person(name: string, role = "approver"): Promise<string> {
    const made = await this.packrun("keys", "generate", name);
    const added = await this.packrun("trust", "add", `${name}.pub`, "--principal", name, "--role", role);
    if (made.code !== 0 || added.code !== 0) {
      throw new Error(`${made.err}${added.err}`);
    }
    return `${name}.key`;
  }
}

async function endNow(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.on("close", resolve));
  child.kill("SIGKILL");
  await ended;
}

export function answerOf({ out, err }: Ended): RunAnswer {
  return parsed(out, err) as RunAnswer;
}

export function faultOf({ out, err }: Ended): FaultAnswer["error"] {
  return (parsed(out, err) as FaultAnswer).error;
}

function parsed(out: string, err: string): unknown {
  try {
    return JSON.parse(out);
  } catch {
    throw new Error(`no JSON on stdout: ${out}\n${err}`);
  }
}

/** Every process of this machine with its command line. */
export function commandLines(): readonly { readonly pid: number; readonly text: string }[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) {
      return [];
    }
    try {
      const text = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      return [{ pid: Number(name), text }];
    } catch {
      return [];
    }
  });
}

/** Processes of which this text stands in the command line. */
export function processesWith(marker: string): readonly number[] {
  return commandLines().flatMap(({ pid, text }) => (text.includes(marker) && pid !== process.pid ? [pid] : []));
}
