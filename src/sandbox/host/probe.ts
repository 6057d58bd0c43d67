import { createHash } from "node:crypto";
import { readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { isJsonObject } from "#canon/json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Sandbox } from "#plan/plan.ts";
import type { Clock } from "#port/clock.ts";
import type { RedactingStream, Redactor } from "#port/secrets.ts";
import { addFile, makeAttemptFolder, removeAttemptFolder } from "../attempt-folder.ts";
import { LEAST_DISK_BYTES } from "../watch/disk-bound.ts";
import { escapeScript } from "./escape-script.ts";
import type { Ground } from "../ground.ts";
import { MASKED_PROC, setUpRemedy, wayOutRemedy } from "./host-remedy.ts";
import { INSIDE_PATH, inside } from "../root/inside.ts";
import { initFileFor, writeLaunch } from "../slot/launch-file.ts";
import { secretFd } from "../slot/launch-script.ts";
import type { RootView } from "../root/root-view.ts";
import { StepProcess, type StepEnd } from "../step-process.ts";
import { stepVector, type ProcView } from "../root/step-vector.ts";
import { unavailable } from "./unavailable.ts";

const MIB = 1024 * 1024;
const LIMITS = { memoryBytes: 128 * MIB, pids: 64, cpus: 1 };

/** What is tried: each is a sandbox of its own, and each that a plan asks for has to hold. */
export type Trial = { readonly mode: Sandbox["mode"]; readonly wayOut: boolean };

/**
 * Tries the very sandbox that steps get, with a harmless program and with one that tries to get out, and says whose
 * processes its /proc shows. The answer is kept in the scratch folder for as long as boot, kernel, bubblewrap and
 * configuration stay as they are.
 */
export async function probe(ground: Ground, clock: Clock, trial: Trial): Promise<Result<ProcView>> {
  const root = ground.roots(trial.mode);
  if (!root.ok) {
    return root;
  }
  const cache = join(ground.scratch, `${["probe", ...wordsOf(trial)].join("-")}.json`);
  const layout = root.value.options.join("\0").replaceAll(ground.folder, "");
  const fingerprint = createHash("sha256").update(ground.fingerprint).update(layout).digest("hex");
  const known = cachedAnswer(cache, fingerprint);
  if (known !== undefined) {
    return ok(known);
  }
  const held = await tryBoth({ ground, clock, root: root.value, wayOut: trial.wayOut });
  if (held.ok) {
    const temporary = `${cache}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ fingerprint, proc: held.value }), { mode: 0o600 });
    renameSync(temporary, cache);
  }
  return held;
}

function wordsOf({ mode, wayOut }: Trial): readonly string[] {
  return [...(mode === "sealed" ? [] : [mode]), ...(wayOut ? ["egress"] : [])];
}

type Place = { readonly ground: Ground; readonly clock: Clock; readonly root: RootView; readonly wayOut: boolean };

/** The host's /proc is shown only where the operator allows it and the kernel refuses to mount another. */
async function tryBoth(place: Place): Promise<Result<ProcView>> {
  const own = await tryOut(place, "own");
  if (own.ok || own.fault.hint !== MASKED_PROC || !place.ground.mayShowProc) {
    return own;
  }
  return tryOut(place, "host");
}

async function tryOut(place: Place, proc: ProcView): Promise<Result<ProcView>> {
  const harmless = await runInside(place, proc, ["/bin/true"], () => "");
  if (harmless.end.exitCode !== 0) {
    const said = harmless.end.tail.trim().split("\n").slice(-3).join("; ") || "it said nothing";
    return fail(unavailable(`bubblewrap could not build the sandbox (${said})`, setUpRemedy(said)));
  }
  const held = place.wayOut ? await tryWayOut(place, proc) : await tryEscapes(place, proc);
  return held.ok ? ok(proc) : held;
}

/** The listener has to reach us, and everything else has to be as tight as without it. */
async function tryWayOut(place: Place, proc: ProcView): Promise<Result<void>> {
  const given: Server[] = [];
  const held = await tryEscapes(place, proc, (server) => given.push(server));
  given.forEach((server) => server.close());
  return held;
}

async function tryEscapes(place: Place, proc: ProcView, serve?: (server: Server) => void): Promise<Result<void>> {
  const { bwrap, masks } = place.ground;
  const server = await listen();
  try {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const scriptFor = (launcher: number): string =>
      escapeScript({ port, bwrap, masks: masks(), pids: proc === "host" ? [process.pid, launcher] : [] });
    const escapes = await runInside(place, proc, ["/bin/sh", inside.script], scriptFor, serve);
    if (escapes.end.unheard !== undefined) {
      const said = escapes.end.tail.trim() || escapes.end.unheard;
      return fail(unavailable(`steps cannot be given a way out (${said})`, wayOutRemedy(said)));
    }
    if (escapes.end.exitCode !== 0 || !escapes.printed.includes("held\n")) {
      const what = escapes.printed.trim().split("\n").at(-1) ?? "";
      return fail(unavailable(`the sandbox does not hold: ${what}`, "do not run steps here; run `packrun doctor`"));
    }
    return escapes.end.netNamespace === ownNetNamespace()
      ? fail(unavailable("the sandbox shares the host's network", "do not run steps here; run `packrun doctor`"))
      : ok(undefined);
  } finally {
    server.close();
  }
}

type Tried = { readonly end: StepEnd; readonly printed: string };

async function runInside(
  { ground, clock, root }: Place,
  proc: ProcView,
  argv: readonly string[],
  scriptFor: (launcher: number) => string,
  serve?: (server: Server) => void,
): Promise<Tried> {
  const slot = await ground.pool.take(0, serve !== undefined);
  slot.cgroup?.begin(LIMITS);
  const folder = makeAttemptFolder(join(ground.folder, `probe-${slot.name}`), slot.uid);
  const scriptFile = addFile(folder, "script", scriptFor(slot.launcher.pid));
  const vector = stepVector({
    root,
    proc,
    env: { PATH: INSIDE_PATH },
    workFolder: folder.work,
    outputFile: folder.output,
    scriptFile,
    mounts: [],
    secretFiles: [],
    secretFd: secretFd(slot.channel),
    initFile: initFileFor(ground, slot, LIMITS),
    memoryBytes: LIMITS.memoryBytes,
  });
  const [program = ""] = argv;
  writeLaunch({ ground, seccompFile: root.seccompFile, slot, program, argv, stdinFile: "/dev/null", limits: LIMITS });
  const printed: string[] = [];
  const step = new StepProcess({
    slot,
    args: Buffer.from(`${vector.join("\0")}\0`),
    secrets: [],
    limits: LIMITS,
    clock,
    logBytes: MIB,
    timeoutMs: 20_000,
    watch: { memory: false, pids: false, folder: folder.path, diskBytes: LEAST_DISK_BYTES },
    redactor: nothingSecret,
    ...(serve === undefined ? {} : { serve }),
  });
  const end = await step.run((batch) => {
    printed.push(...batch.lines.map((line) => `${line}\n`));
    return Promise.resolve();
  });
  await removeAttemptFolder(folder);
  ground.pool.giveBack(slot, end.exitCode !== undefined);
  return { end, printed: printed.join("") };
}

/** The probe knows no secret, and what it prints is its own. */
const plain: RedactingStream = { push: (chunk) => chunk, end: () => new Uint8Array() };
const nothingSecret: Redactor = {
  add: () => undefined,
  redact: (text) => text,
  redactJson: (value) => value,
  stream: () => plain,
  scanner: () => ({ push: () => undefined, found: () => undefined }),
};

function listen(): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

function ownNetNamespace(): number {
  return Number(readlinkSync("/proc/self/ns/net").replaceAll(/\D/g, ""));
}

function cachedAnswer(path: string, fingerprint: string): ProcView | undefined {
  try {
    const read = JSON.parse(readFileSync(path, "utf8")) as unknown;
    const proc = isJsonObject(read) && read["fingerprint"] === fingerprint ? read["proc"] : undefined;
    return proc === "own" || proc === "host" ? proc : undefined;
  } catch {
    return undefined;
  }
}
