import { readFileSync, readlinkSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { isJsonObject } from "#canon/json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { Clock } from "#port/clock.ts";
import type { RedactingStream, Redactor } from "#port/secrets.ts";
import { addFile, makeAttemptFolder, removeAttemptFolder } from "./attempt-folder.ts";
import { unavailable, type Ground } from "./ground.ts";
import { setUpRemedy } from "./host-remedy.ts";
import { INSIDE_PATH, inside } from "./inside.ts";
import { writeLaunch } from "./launch-file.ts";
import { sealedVector } from "./sealed-vector.ts";
import { SECRET_FD } from "./launch-script.ts";
import { StepProcess, type StepEnd } from "./step-process.ts";

const MIB = 1024 * 1024;
const LIMITS = { memoryBytes: 128 * MIB, pids: 64, cpus: 1 };

/**
 * Tries the very sandbox that steps get, with a harmless program and with one that tries to get out. The answer is kept
 * in the scratch folder for as long as boot, kernel, bubblewrap and configuration stay as they are.
 */
export async function probe(ground: Ground, clock: Clock): Promise<Result<void>> {
  const cache = join(ground.scratch, "probe.json");
  if (cachedFingerprint(cache) === ground.fingerprint) {
    return ok(undefined);
  }
  const held = await tryOut(ground, clock);
  if (held.ok) {
    const temporary = `${cache}.${process.pid}`;
    writeFileSync(temporary, JSON.stringify({ fingerprint: ground.fingerprint }), { mode: 0o600 });
    renameSync(temporary, cache);
  }
  return held;
}

async function tryOut(ground: Ground, clock: Clock): Promise<Result<void>> {
  const harmless = await runInside(ground, clock, ["/bin/true"], "");
  if (harmless.end.exitCode !== 0) {
    const said = harmless.end.tail.trim().split("\n").slice(-3).join("; ") || "it said nothing";
    return fail(unavailable(`bubblewrap could not build the sandbox (${said})`, setUpRemedy(said)));
  }
  const server = await listen();
  try {
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const escapes = await runInside(ground, clock, ["/bin/sh", inside.script], escapeScript(port, ground.bwrap));
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

/** Prints `held` at the end when nothing of what must fail went well. bash is asked where it is, for its /dev/tcp. */
function escapeScript(port: number, bwrap: string): string {
  return [
    "exec 2>/dev/null",
    'refuse() { echo "$1"; exit 41; }',
    'if (: >/etc/passwd) || (: >/etc/packrun); then refuse "a step can write /etc"; fi',
    'if (: >/usr/packrun); then refuse "a step can write /usr"; fi',
    'if (echo x >/proc/sys/kernel/core_pattern); then refuse "a step can write /proc/sys"; fi',
    `if ${bwrap} --unshare-user --ro-bind / / /bin/true; then refuse "a step can make a user namespace"; fi`,
    `if command -v bash >/dev/null && bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}'; then refuse "a step can reach the host's ports"; fi`,
    "echo held",
  ].join("\n");
}

type Tried = { readonly end: StepEnd; readonly printed: string };

async function runInside(ground: Ground, clock: Clock, argv: readonly string[], script: string): Promise<Tried> {
  const slot = await ground.pool.take(0);
  slot.cgroup?.begin(LIMITS);
  const folder = makeAttemptFolder(join(ground.folder, `probe-${slot.name}`), slot.uid);
  const scriptFile = addFile(folder, "script", script);
  const vector = sealedVector({
    env: { PATH: INSIDE_PATH },
    etcFolder: ground.etcFolder,
    workFolder: folder.work,
    outputFile: folder.output,
    scriptFile,
    mounts: [],
    secretFiles: [],
    secretFd: SECRET_FD,
    memoryBytes: LIMITS.memoryBytes,
  });
  writeLaunch(ground, slot, argv, "/dev/null");
  const printed: string[] = [];
  const step = new StepProcess({
    slot,
    args: Buffer.from(`${vector.join("\0")}\0`),
    secrets: [],
    limits: LIMITS,
    clock,
    logBytes: MIB,
    timeoutMs: 20_000,
    watchMemory: false,
    redactor: nothingSecret,
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

function cachedFingerprint(path: string): unknown {
  try {
    const read = JSON.parse(readFileSync(path, "utf8")) as unknown;
    return isJsonObject(read) ? read["fingerprint"] : undefined;
  } catch {
    return undefined;
  }
}
