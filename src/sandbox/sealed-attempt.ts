import { existsSync } from "node:fs";
import { join } from "node:path";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { ArtifactStore } from "#port/artifact-store.ts";
import type { Clock } from "#port/clock.ts";
import type { AttemptRequest, OutputSink, PreparedAttempt } from "#port/step-runner.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import {
  addFile,
  cleanUntouched,
  hasSettled,
  makeAttemptFolder,
  removeAttemptFolder,
  type AttemptFolder,
} from "./attempt-folder.ts";
import { collect } from "./collect/collect.ts";
import type { SandboxEgress, SandboxSession } from "./egress/egress.ts";
import { ArtifactBudget } from "./collect/collecting.ts";
import { diskBytesOf, diskSpace, scarcity } from "./watch/disk-bound.ts";
import { findProgram, type ExeDigests } from "./exe-digest.ts";
import type { Ground } from "./ground.ts";
import { inside, insideArgv, insideEnv } from "./root/inside.ts";
import { initFileFor, writeLaunch } from "./slot/launch-file.ts";
import { secretFd } from "./slot/launch-script.ts";
import { enforcementsOf, enforcersOf } from "./limit/limit-enforcement.ts";
import { diskFault, outcomeOf, verdictOf, withRecord } from "./outcome.ts";
import { sandboxCodes } from "./codes.ts";
import type { RootView } from "./root/root-view.ts";
import type { Slot } from "./slot/slot.ts";
import { StepProcess } from "./step-process.ts";
import { recordOf, type SandboxForm } from "./root/sandbox-form.ts";
import { stepVector } from "./root/step-vector.ts";

export type AttemptPorts = {
  readonly ground: Ground;
  readonly root: RootView;
  readonly form: SandboxForm;
  readonly artifacts: ArtifactStore;
  readonly clock: Clock;
  readonly digests: ExeDigests;
  readonly egress: SandboxEgress;
};

let attempts = 0;

/** Sets everything up that does not run anything: slot, folders, the sandbox itself. Only the token is missing then. */
export async function prepareSealed(ports: AttemptPorts, request: AttemptRequest): Promise<Result<PreparedAttempt>> {
  const { ground } = ports;
  const argv = insideArgv(request.program);
  const env = insideEnv(request);
  const problem = requestProblem(request, { argv, env }, ground.scratch);
  if (problem !== undefined) {
    return fail(notSetUp(request, problem));
  }
  const program = findProgram(argv[0] ?? "", request.packFolder, ports.root.shows);
  if (program === undefined && argv[0]?.includes("/") === false) {
    return fail(notSetUp(request, `${argv[0]} is on the sandbox's PATH nowhere`));
  }
  const scarce = scarcity(diskSpace(ground.folder));
  if (scarce !== undefined) {
    return fail(diskFault(`on the disk of its working folder ${scarce}`));
  }
  const exe = program && { path: program.path, digest: await ports.digests.of(program.hostPath) };
  const opened = request.sandbox.egressAllowlist.length === 0 ? ok(undefined) : await ports.egress.open(request);
  if (!opened.ok) {
    return opened;
  }
  const session = opened.value;
  const place = await takePlace(ground, request).catch((error: unknown) => error);
  if (!isPlace(place)) {
    await session?.close();
    return fail(notSetUp(request, place instanceof Error ? place.message : "no place for it could be made"));
  }
  let step: StepProcess;
  try {
    const command = { programPath: program?.path ?? argv[0] ?? "", argv, env };
    step = new StepProcess(planOf(ports, request, place, command, session));
    step.build();
  } catch (error) {
    await session?.close();
    ground.pool.giveBack(place.slot, false);
    ground.pool.later(removeAttemptFolder(place.folder));
    return fail(notSetUp(request, error instanceof Error ? error.message : "its files could not be written"));
  }
  const life = new SealedAttempt(ports, request, place, step, session);
  return ok({
    ...(exe === undefined ? {} : { exe }),
    enforced: {
      mode: ports.root.mode,
      ...recordOf(ports.form),
      limits: enforcementsOf(ground.means, request.sandbox, request.timeoutMs),
    },
    start: (sink) => life.start(sink),
    stop: (how) => step.end("stopped", how?.now === true),
    discard: () => life.discard(),
  });
}

/** What a step's program is given: its arguments from its name on, and its whole environment. */
type Given = { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> };
/** The same with the program's path in the sandbox. */
type Command = Given & { readonly programPath: string };
type Place = { readonly slot: Slot; readonly folder: AttemptFolder };

/**
 * A slot that has taken the limits, and a fresh folder. A slot with memory left behind may not take a lower limit; then
 * it goes, and a new one is asked.
 */
async function takePlace(ground: Ground, request: AttemptRequest): Promise<Place> {
  const { pool } = ground;
  const { mode, egressAllowlist } = request.sandbox;
  const kind = { mode, secretPipes: Object.keys(request.secretFiles).length, channel: egressAllowlist.length > 0 };
  for (let round = 1; ; round += 1) {
    const slot = await pool.take(kind);
    try {
      slot.cgroup?.begin(request.sandbox.limits);
      return { slot, folder: folderFor(slot, ground) };
    } catch (error) {
      pool.giveBack(slot, false);
      if (round === 3) {
        throw error;
      }
    }
  }
}

function folderFor({ left, uid }: Slot, ground: Ground): AttemptFolder {
  const { folder } = left;
  if (folder !== undefined) {
    left.folder = undefined;
    return folder;
  }
  attempts += 1;
  return makeAttemptFolder(join(ground.folder, `attempt-${attempts}`), uid);
}

function isPlace(value: unknown): value is Place {
  return typeof value === "object" && value !== null && "slot" in value;
}

/** One attempt on its slot: it is either started or discarded, once. */
class SealedAttempt {
  readonly #ports: AttemptPorts;
  readonly #request: AttemptRequest;
  readonly #slot: Slot;
  readonly #folder: AttemptFolder;
  readonly #step: StepProcess;
  readonly #session: SandboxSession | undefined;
  #used = false;

  constructor(
    ports: AttemptPorts,
    request: AttemptRequest,
    { slot, folder }: Place,
    step: StepProcess,
    session: SandboxSession | undefined,
  ) {
    this.#ports = ports;
    this.#request = request;
    this.#slot = slot;
    this.#folder = folder;
    this.#step = step;
    this.#session = session;
  }

  async start(sink: OutputSink): Promise<AttemptOutcome> {
    if (this.#used) {
      throw new Error("an attempt starts once");
    }
    this.#used = true;
    const kept = hasSettled(this.#folder) ? { ...this.#folder, isKept: true } : undefined;
    let clean = false;
    try {
      const end = await this.#step.run(sink).catch(async (error: unknown) => {
        await this.#session?.close();
        throw error;
      });
      // A listener that was cut off may have left an answer in its channel.
      const whole = this.#session === undefined || (end.unheard === undefined && end.ended === undefined);
      clean = whole && end.exitCode !== undefined && !end.use.outOfMemory;
      const egress = await this.#session?.close();
      const verdict = withRecord(verdictOf(end, this.#request), egress);
      const collected = verdict.kind === "passed" ? await this.#collect() : undefined;
      return outcomeOf(end, verdict, collected, egress);
    } finally {
      this.#giveBack(clean, kept);
    }
  }

  async discard(): Promise<void> {
    if (!this.#used) {
      this.#used = true;
      const clean = await this.#step.discard().catch(() => false);
      await this.#session?.close();
      this.#giveBack(clean, this.#folder);
    }
  }

  /** `kept`: the folder for the next attempt, should this one have left it as it was. */
  #giveBack(clean: boolean, kept: AttemptFolder | undefined): void {
    const { pool } = this.#ports.ground;
    if (clean && kept !== undefined && cleanUntouched(kept)) {
      this.#slot.left.folder = kept;
    } else {
      pool.later(removeAttemptFolder(this.#folder));
    }
    pool.giveBack(this.#slot, clean);
  }

  #collect(): ReturnType<typeof collect> {
    const { tenantId, redactor, sandbox, outputs } = this.#request;
    const collecting = {
      artifacts: this.#ports.artifacts,
      tenantId,
      redactor,
      workFolder: this.#folder.work,
      outputFile: this.#folder.output,
      budget: new ArtifactBudget(sandbox.limits.artifactBytes),
    };
    return collect(collecting, outputs);
  }
}

function planOf(
  { ground, root, form, clock }: AttemptPorts,
  request: AttemptRequest,
  { slot, folder }: Place,
  { programPath, argv, env }: Command,
  session: SandboxSession | undefined,
): ConstructorParameters<typeof StepProcess>[0] {
  const { limits } = request.sandbox;
  const { program, stdin, secretFiles, packFolder, mounts, redactor, timeoutMs } = request;
  const scriptFile = program.kind === "script" ? addFile(folder, "script", program.text) : undefined;
  const stdinFile = stdin === undefined ? "/dev/null" : addFile(folder, "stdin", stdin);
  const vector = stepVector({
    root,
    form,
    env,
    workFolder: folder.work,
    outputFile: folder.output,
    packFolder,
    mounts,
    secretFiles: Object.keys(secretFiles),
    secretFd: secretFd(slot.channel),
    memoryBytes: limits.memoryBytes,
    ...(scriptFile === undefined ? {} : { scriptFile }),
    initFile: initFileFor(ground, slot, limits),
  });
  const by = enforcersOf(ground.means);
  writeLaunch({ ground, seccompFile: root.seccompFile, slot, program: programPath, argv, stdinFile, limits });
  return {
    slot,
    args: Buffer.from(`${vector.join("\0")}\0`),
    clock,
    redactor,
    timeoutMs,
    limits,
    secrets: Object.values(secretFiles).map((value) => Buffer.from(value)),
    logBytes: limits.logBytes,
    watch: {
      memory: by.memoryBytes.level === "watchdog",
      pids: by.pids.level === "watchdog",
      folder: folder.path,
      diskBytes: diskBytesOf(limits),
    },
    ...(session === undefined ? {} : { serve: (server) => session.serve(server) }),
  };
}

/** What would otherwise go wrong inside bubblewrap with words that help nobody. */
function requestProblem(request: AttemptRequest, { argv, env }: Given, scratch: string): string | undefined {
  if (argv[0]?.startsWith("-") !== false) {
    return "a name that begins with - is no program";
  }
  if ([argv, Object.keys(env), Object.values(env)].some((texts) => texts.some((text) => text.includes("\0")))) {
    return "an argument or a variable holds a NUL character";
  }
  for (const { hostPath, at } of [{ hostPath: request.packFolder, at: inside.pack }, ...request.mounts]) {
    const below = hostPath.startsWith(`${scratch}/`) && !hostPath.split("/").includes("..");
    if (!below || !existsSync(hostPath)) {
      return `what is to be mounted at ${at} is not in the scratch folder, where steps can reach it`;
    }
    if (at !== inside.pack && (!/^\/run\/packrun\/(in|inputs)\/./.test(at) || at.split("/").includes(".."))) {
      return `${at} is no place for inputs`;
    }
  }
  return undefined;
}

function notSetUp(request: AttemptRequest, problem: string): Fault {
  return request.redactor.redactJson(faultOf(sandboxCodes, "STEP_SETUP", { problem }));
}
