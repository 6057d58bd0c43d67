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
import { UNMASK_PROC, SHOW_PROC, refusesLimit, refusesProc, setUpRemedy, wayOutRemedy } from "./host-remedy.ts";
import { INSIDE_PATH, inside } from "../root/inside.ts";
import { initFileFor, writeLaunch } from "../slot/launch-file.ts";
import { secretFd } from "../slot/launch-script.ts";
import type { RootView } from "../root/root-view.ts";
import { StepProcess, type StepEnd } from "../step-process.ts";
import { bestForm, type SandboxForm } from "../root/sandbox-form.ts";
import { stepVector } from "../root/step-vector.ts";
import { unavailable } from "./unavailable.ts";

const MIB = 1024 * 1024;
const LIMITS = { memoryBytes: 128 * MIB, pids: 64, cpus: 1 };

/** What is tried: each is a sandbox of its own, and each that a plan asks for has to hold. */
export type Trial = { readonly mode: Sandbox["mode"]; readonly wayOut: boolean };

/**
 * Tries the very sandbox that steps get, with a harmless program and with one that tries to get out, and says in which
 * form it holds. The answer is kept in the scratch folder for as long as boot, kernel, bubblewrap, configuration and what
 * this process may do stay as they are. `likely`: a form that held for another trial.
 */
export async function probe(
  ground: Ground,
  clock: Clock,
  trial: Trial,
  likely: SandboxForm = bestForm,
): Promise<Result<SandboxForm>> {
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
  const held = await tryForms({ ground, clock, root: root.value, wayOut: trial.wayOut }, likely);
  if (held.ok) {
    const temporary = `${cache}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ fingerprint, ...held.value }), { mode: 0o600 });
    renameSync(temporary, cache);
  }
  return held;
}

function wordsOf({ mode, wayOut }: Trial): readonly string[] {
  return [...(mode === "sealed" ? [] : [mode]), ...(wayOut ? ["egress"] : [])];
}

type Place = { readonly ground: Ground; readonly clock: Clock; readonly root: RootView; readonly wayOut: boolean };

/**
 * The host's /proc is shown only where the operator allows it and the kernel refuses to mount another. Where it is not
 * allowed it is tried all the same: what would not hold is not advised.
 */
async function tryForms(place: Place, likely: SandboxForm): Promise<Result<SandboxForm>> {
  if (likely.userNamespaces === "filter") {
    const again = await tryOut(place, likely);
    if (again.ok) {
      return again;
    }
  }
  const own = await tryWithLimit(place, bestForm);
  if (own.ok || !refusesProc(own.fault.message)) {
    return own;
  }
  const shown = await tryWithLimit(place, { ...bestForm, proc: "host" });
  if (place.ground.mayShowProc) {
    return shown;
  }
  return shown.ok ? fail({ ...own.fault, hint: `${UNMASK_PROC}; ${SHOW_PROC}` }) : own;
}

/** Where the kernel lets nobody set the limit on user namespaces, the filter has to refuse them alone. */
async function tryWithLimit(place: Place, form: SandboxForm): Promise<Result<SandboxForm>> {
  const limited = await tryOut(place, form);
  return !limited.ok && refusesLimit(limited.fault.message)
    ? tryOut(place, { ...form, userNamespaces: "filter" })
    : limited;
}

async function tryOut(place: Place, form: SandboxForm): Promise<Result<SandboxForm>> {
  const harmless = await runInside(place, form, ["/bin/true"], () => "");
  if (harmless.end.exitCode !== 0) {
    const said = harmless.end.tail.trim().split("\n").slice(-3).join("; ") || "it said nothing";
    return fail(unavailable(`bubblewrap could not build the sandbox (${said})`, setUpRemedy(said)));
  }
  const held = place.wayOut ? await tryWayOut(place, form) : await tryEscapes(place, form);
  return held.ok ? ok(form) : held;
}

/** The listener has to reach us, and everything else has to be as tight as without it. */
async function tryWayOut(place: Place, form: SandboxForm): Promise<Result<void>> {
  const given: Server[] = [];
  const held = await tryEscapes(place, form, (server) => given.push(server));
  given.forEach((server) => server.close());
  return held;
}

async function tryEscapes(place: Place, form: SandboxForm, serve?: (server: Server) => void): Promise<Result<void>> {
  const { bwrap, masks } = place.ground;
  const server = await listen();
  try {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const scriptFor = (launcher: number): string =>
      escapeScript({ port, bwrap, masks: masks(), pids: form.proc === "host" ? [process.pid, launcher] : [] });
    const escapes = await runInside(place, form, ["/bin/sh", inside.script], scriptFor, serve);
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
  form: SandboxForm,
  argv: readonly string[],
  scriptFor: (launcher: number) => string,
  serve?: (server: Server) => void,
): Promise<Tried> {
  const slot = await ground.pool.take({ mode: root.mode, secretPipes: 0, channel: serve !== undefined });
  slot.cgroup?.begin(LIMITS);
  const folder = makeAttemptFolder(join(ground.folder, `probe-${slot.name}`), slot.uid);
  const scriptFile = addFile(folder, "script", scriptFor(slot.launcher.pid));
  const vector = stepVector({
    root,
    form,
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
  redactHost: (text) => text,
  redactJson: (value) => value,
  redactValue: (value) => value,
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

function cachedAnswer(path: string, fingerprint: string): SandboxForm | undefined {
  try {
    const read = JSON.parse(readFileSync(path, "utf8")) as unknown;
    if (!isJsonObject(read) || read["fingerprint"] !== fingerprint) {
      return undefined;
    }
    const { proc, userNamespaces } = read;
    const isForm = (proc === "own" || proc === "host") && (userNamespaces === "limit" || userNamespaces === "filter");
    return isForm ? { proc, userNamespaces } : undefined;
  } catch {
    return undefined;
  }
}
