import type { Server } from "node:net";
import { setImmediate as nextTurn, setTimeout as wait } from "node:timers/promises";
import type { Clock } from "#port/clock.ts";
import type { Redactor } from "#port/secrets.ts";
import type { OutputSink } from "#port/step-runner.ts";
import { BuiltSandbox } from "./built-sandbox.ts";
import type { CgroupLimits, CgroupUse } from "./cgroup/cgroup.ts";
import { NO_TOKEN } from "./init/init-program.ts";
import { LogMeter, OutputPump } from "./output-pump.ts";
import { childrenOf, identify, isAlive, isAsleep, signal, type ProcessIdentity } from "./watch/process-identity.ts";
import type { Slot } from "./slot/slot.ts";
import type { StatusChannel } from "./status-channel.ts";
import { StepWatch, type Excess, type WatchPlan } from "./watch/step-watch.ts";

/** How often figures are asked for that may be a moment late, some half a second in all: without them a step is over, too. */
const PATIENT_ROUNDS = 100;
/** Between SIGTERM and SIGKILL. */
const GRACE_MS = 5000;
/** How often a start that says nothing is looked at, and a tree that does not die is killed again. */
const DOUBT_MS = 1000;
/** When to begin to listen to what a step prints: short ones are over by then, and two listeners would cost more than they do. */
const LISTEN_MS = 20;

export type EndReason = "stopped" | "timeout" | "log" | Excess;

export type StepPlan = {
  /** Its cgroup already holds the limits. */
  readonly slot: Slot;
  /** NUL-separated options for bubblewrap. */
  readonly args: Uint8Array;
  readonly secrets: readonly Uint8Array[];
  readonly limits: CgroupLimits;
  readonly logBytes: number;
  readonly timeoutMs: number;
  /** What no kernel holds, so that it is watched. */
  readonly watch: WatchPlan;
  /** Takes the socket on which the step's programs are listened to; there exactly when the slot has a channel. */
  readonly serve?: (server: Server) => void;
  readonly redactor: Redactor;
  readonly clock: Clock;
};

export type StepEnd = {
  /** The first thing that made us end it; undefined when it ended by itself. */
  readonly ended?: EndReason;
  /** What the watchdog saw, when it ended it. */
  readonly excess?: string;
  readonly exitCode?: number;
  readonly use: CgroupUse;
  readonly durationMs: number;
  /** The last redacted lines of stderr: what bubblewrap said, when the set-up failed. */
  readonly tail: string;
  readonly netNamespace?: number;
  /** Why the listener did not let the step's command run. */
  readonly unheard?: string;
};

/** One start of a slot, from the word `go` until nothing of it is left. */
export class StepProcess {
  readonly #plan: StepPlan;
  #built: BuiltSandbox | undefined;
  #ended: EndReason | undefined;
  #over = false;
  /** It got no token, though nobody ended it. */
  #isRefused = false;
  readonly #watch: StepWatch;
  #excess: string | undefined;
  #cancelGrace: () => void = () => undefined;

  constructor(plan: StepPlan) {
    this.#plan = plan;
    this.#watch = new StepWatch({
      plan: plan.watch,
      limits: plan.limits,
      init: () => this.#built?.status.init?.pid,
      onExcess: (excess, problem) => {
        this.#excess ??= problem;
        this.end(excess, true);
      },
    });
  }

  /** Has the sandbox built, up to its init, which waits: nothing of the step runs. */
  build(): BuiltSandbox {
    if (this.#built === undefined) {
      const { cgroup, launcher } = this.#plan.slot;
      if (cgroup?.countsIo !== true) {
        launcher.io.begin();
      }
      this.#built = new BuiltSandbox(this.#plan, () => this.#ended !== undefined && this.#endHard());
    }
    return this.#built;
  }

  async run(sink: OutputSink): Promise<StepEnd> {
    const { clock, logBytes } = this.#plan;
    const built = this.build();
    const meter = new LogMeter(logBytes, () => this.end("log", true));
    const pumps = this.#pumps(built, meter, sink);
    const begun = clock.monotonic();
    try {
      await (built.isComing ? this.#live(built, pumps) : undefined);
    } catch (error) {
      this.#endHard();
      pumps.forEach((pump) => pump.drop());
      built.close();
      await built.listener?.end();
      throw error;
    } finally {
      this.#over = true;
    }
    const durationMs = Math.round(clock.monotonic() - begun);
    const unheard = await built.listener?.end();
    try {
      await Promise.all(pumps.map((pump) => pump.finish()));
    } finally {
      built.close();
    }
    if (meter.isPast) {
      // What told so may have been read only now.
      this.#ended ??= "log";
    }
    const end = this.#end(durationMs, pumps[1]?.tail ?? "");
    return unheard === undefined ? end : { ...end, unheard };
  }

  /** Lets the step run, under its watch, until nothing of it is left. */
  async #live(built: BuiltSandbox, pumps: readonly OutputPump[]): Promise<void> {
    const { clock, timeoutMs, slot } = this.#plan;
    const cancels = [
      clock.after(timeoutMs, () => onceHeard(() => this.#timeOut(built.status))),
      clock.after(LISTEN_MS, () => pumps.forEach((pump) => pump.listen())),
    ];
    this.#watch.start();
    this.#isRefused = slot.launcher.isGone();
    const mayRun = this.#ended === undefined && !this.#isRefused;
    try {
      await this.#waitThrough(built, () => (mayRun ? built.giveToken() : built.refuseToken()));
    } finally {
      this.#watch.stop();
      cancels.forEach((cancel) => cancel());
      this.#cancelGrace();
    }
  }

  /** Takes back what was built for a step that is not to run; whether nothing of it can be felt in the slot. */
  async discard(): Promise<boolean> {
    const built = this.#built;
    if (built === undefined) {
      return true;
    }
    const late = this.#plan.clock.after(DOUBT_MS, () => this.#endHard());
    try {
      await this.#orGone(built.status.spoken);
      await this.#waitThrough(built, () => built.refuseToken());
      const unheard = await built.listener?.end();
      // What building took is none of the next step's.
      this.#measure();
      return built.status.exitCode === NO_TOKEN && unheard === undefined;
    } finally {
      late();
      this.#over = true;
      built.close();
    }
  }

  /** From the token, or its refusal, until nothing of the sandbox is left. */
  async #waitThrough(built: BuiltSandbox, answer: () => void): Promise<void> {
    answer();
    const never = Promise.withResolvers<void>();
    const ask = (): unknown => this.#isUnderWay(built.status) || never.resolve();
    const doubt = setInterval(() => onceHeard(ask), DOUBT_MS);
    doubt.unref();
    try {
      await this.#orGone(Promise.race([built.status.ended, never.promise]));
    } finally {
      clearInterval(doubt);
    }
    await this.#barrier();
  }

  #timeOut(status: StatusChannel): void {
    if (status.exitCode === undefined) {
      this.end("timeout", false);
    }
  }

  /** Ends the tree: SIGTERM to what the init started, then, after five seconds or at once, SIGKILL for all. */
  end(reason: EndReason, now: boolean): void {
    if (this.#over) {
      return;
    }
    const first = this.#ended === undefined;
    this.#ended ??= reason;
    const init = this.#built?.status.init;
    if (now || init === undefined) {
      this.#endHard();
      return;
    }
    if (first) {
      for (const pid of childrenOf(init.pid)) {
        const target = identify(pid);
        if (target !== undefined && isAlive(init)) {
          signal(target, "SIGTERM");
        }
      }
      this.#cancelGrace = this.#plan.clock.after(GRACE_MS, () => this.#endHard());
    }
  }

  #endHard(): void {
    const { launcher, cgroup } = this.#plan.slot;
    const init = this.#built?.status.init;
    const identities = (pids: readonly number[]): readonly ProcessIdentity[] =>
      pids.flatMap((pid) => identify(pid) ?? []);
    const started = identities(childrenOf(launcher.pid));
    // A bubblewrap that dies before it has told its child to go on leaves it waiting for ever: none is born any more now.
    started.forEach((each) => signal(each, "SIGSTOP"));
    const members = identities((cgroup?.members() ?? []).filter((pid) => pid !== launcher.pid));
    const born = started.flatMap(({ pid }) => identities(childrenOf(pid)));
    for (const target of [...(init === undefined ? [] : [init]), ...born, ...started, ...members]) {
      signal(target, "SIGKILL");
    }
  }

  /** Resolves as `work` does, or when the launcher is gone. What lives longer than a step keeps nothing of it. */
  async #orGone(work: Promise<void>): Promise<void> {
    const gone = Promise.withResolvers<void>();
    const forget = this.#plan.slot.launcher.onGone(gone.resolve);
    try {
      await Promise.race([work, gone.promise]);
    } finally {
      forget();
    }
  }

  /**
   * False when the launcher has no child any more although bubblewrap never spoke. A launcher that does not wait has
   * perhaps not yet come to its word, on a busy machine.
   */
  #isUnderWay(channel: StatusChannel): boolean {
    const { launcher } = this.#plan.slot;
    return (
      channel.began || !isAsleep(launcher.pid) || childrenOf(launcher.pid).some((pid) => identify(pid) !== undefined)
    );
  }

  /** A step is over only when the init of its PID namespace is gone and its cgroup holds nothing but the launcher. */
  async #barrier(): Promise<void> {
    const { launcher, cgroup } = this.#plan.slot;
    launcher.collectChildren();
    for (let round = 0; this.#isLeft(); round += 1) {
      if (round % 100 === 20) {
        this.#endHard();
      }
      await moment(round);
    }
    const isCounted = (): boolean => cgroup?.countsIo === true || launcher.io.isReadable();
    for (let round = 0; round < PATIENT_ROUNDS && !isCounted(); round += 1) {
      await moment(round);
    }
  }

  /** bubblewrap says that all is over a moment before it lets go of the output, which the slot's next step opens anew. */
  #isLeft(): boolean {
    const { launcher, cgroup } = this.#plan.slot;
    const init = this.#built?.status.init;
    const found =
      cgroup === undefined
        ? childrenOf(launcher.pid).filter((pid) => identify(pid) !== undefined)
        : cgroup.members()?.filter((pid) => pid !== launcher.pid);
    // What cannot be read now may be anything: it is asked again.
    return found === undefined || found.length > 0 || (init !== undefined && isAlive(init));
  }

  #pumps({ out, err }: BuiltSandbox, meter: LogMeter, sink: OutputSink): readonly OutputPump[] {
    const { redactor } = this.#plan;
    // Output that nobody takes any more ends the step; the error itself is met when the pumps are finished.
    const onRefusal = (): void => this.end("stopped", true);
    return [
      new OutputPump({ source: out, stream: "stdout", redactor, meter, sink, onRefusal }),
      new OutputPump({ source: err, stream: "stderr", redactor, meter, sink, onRefusal }),
    ];
  }

  #end(durationMs: number, tail: string): StepEnd {
    const use = this.#measure();
    const exitCode = this.#isRefused ? undefined : this.#built?.status.exitCode;
    const netNamespace = this.#built?.status.netNamespace;
    return {
      use: {
        ...use,
        outOfMemory: use.outOfMemory || this.#ended === "memory",
        pidsRefused: use.pidsRefused || this.#ended === "pids",
      },
      durationMs,
      tail,
      ...(this.#ended === undefined ? {} : { ended: this.#ended }),
      ...(this.#excess === undefined ? {} : { excess: this.#excess }),
      ...(exitCode === undefined ? {} : { exitCode }),
      ...(netNamespace === undefined ? {} : { netNamespace }),
    };
  }

  /** What was used since this was asked last in this slot. */
  #measure(): CgroupUse {
    const { cgroup, launcher } = this.#plan.slot;
    const measured = cgroup?.measure() ?? { outOfMemory: false, pidsRefused: false };
    const peak = this.#watch.peakBytes;
    const ioBytes = cgroup?.countsIo === true ? measured.ioBytes : launcher.io.end();
    return {
      ...measured,
      ...(peak === undefined ? {} : { memoryPeakBytes: peak }),
      ...(ioBytes === undefined ? {} : { ioBytes }),
    };
  }
}

/** Longer from round to round. */
function moment(round: number): Promise<void> {
  return round < 10 ? nextTurn() : wait(round < 50 ? 1 : 10);
}

/**
 * A runner that was busy for long comes to its timers first: what bubblewrap has said meanwhile counts before the time that
 * has passed since.
 */
function onceHeard(work: () => unknown): void {
  setImmediate(work);
}
