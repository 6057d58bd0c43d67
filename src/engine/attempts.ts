import type { Sha256 } from "#canon/digest.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { AttemptPreparer, ReadyAttempt } from "#port/attempt-preparer.ts";
import type { Clock } from "#port/clock.ts";
import type { OutputBatch } from "#port/step-runner.ts";
import type { CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import type { LedgerEvent } from "#run/event.ts";
import { failedFor, type AttemptOutcome } from "#run/outcome.ts";
import { resolveAttempt } from "#run/resolve.ts";
import type { RunState } from "#run/state.ts";
import { driftCommand } from "./drift-command.ts";
import type { PinnedPlan } from "./pinned-plan.ts";
import { isStoreFault, storeFailure } from "./store-fault.ts";

type AttemptEffect = Omit<Extract<Effect, { kind: "attempt" }>, "kind">;

/**
 * One attempt on its way: preparing → held (only upcoming yet) → ready (its `start` command waits to become durable) →
 * running → gone.
 * Invariant: the start token is given only after the ledger holds this attempt's `step.started`.
 */
type Flight = {
  readonly effect: AttemptEffect;
  stage: "preparing" | "held" | "ready" | "running";
  /** `upcoming` ones are made ready and not started. */
  wanted: "now" | "upcoming" | "no";
  ready?: ReadyAttempt;
  /** When it was made ready, on the monotonic clock. */
  readyAt: number;
  work: Promise<void>;
};

/**
 * What an attempt uses is held against its digests when it is made ready. One that then waited longer than this many
 * milliseconds for its place is made ready anew.
 */
const HELD_MS = 1000;

export type AttemptDesk = {
  readonly prepare: AttemptPreparer["prepare"];
  /** Hands a command to the driver's queue; `taken` is called once its events are in the ledger. */
  readonly send: (command: CommandBody, id: string, taken?: () => void) => void;
  /** The store is full or gone: nothing more can be recorded. */
  readonly broken: (fault: Fault) => void;
  readonly sha256: Sha256;
  readonly clock: Clock;
  readonly pinned: PinnedPlan;
};

/** Starts, watches and stops the attempts that `todo` lists. */
export class Attempts {
  readonly #desk: AttemptDesk;
  readonly #flights = new Map<string, Flight>();
  readonly #preparing = new Set<Promise<void>>();
  readonly #running = new Set<Promise<void>>();
  #upcoming: readonly AttemptEffect[] = [];
  /** Upcoming attempts that could not be made ready. */
  readonly #refused = new Set<string>();

  constructor(desk: AttemptDesk) {
    this.#desk = desk;
  }

  get busy(): boolean {
    return this.#flights.size > 0;
  }

  get preparing(): boolean {
    return this.#preparing.size > 0;
  }

  /** Resolves when every attempt that is being prepared now is ready or has failed. */
  async prepared(): Promise<void> {
    await Promise.all(this.#preparing);
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#preparing, ...this.#running]);
  }

  /** Starts what is newly wanted, keeps what is upcoming, and stops what is neither. */
  reconcile(wanted: readonly AttemptEffect[], upcoming: readonly AttemptEffect[], state: RunState): void {
    const listed = { now: new Set(wanted.map(keyOf)), upcoming: new Set([...wanted, ...upcoming].map(keyOf)) };
    for (const [key, flight] of this.#flights) {
      if (flight.wanted !== "no" && !listed[flight.wanted].has(key)) {
        flight.wanted = "no";
        this.#end(flight, false);
      }
    }
    wanted.forEach((effect) => this.#want(effect, state));
    this.#upcoming = upcoming;
  }

  /** Makes ready what is upcoming, once everything that is wanted runs: it never delays a start. */
  lookAhead(state: RunState): void {
    if ([...this.#flights.values()].some(({ stage, wanted }) => wanted === "now" && stage !== "running")) {
      return;
    }
    for (const effect of this.#upcoming) {
      if (!this.#flights.has(effect.key) && !this.#refused.has(effect.key)) {
        this.#launch(effect, "upcoming", state);
      }
    }
  }

  #want(effect: AttemptEffect, state: RunState): void {
    const flight = this.#flights.get(effect.key);
    this.#refused.delete(effect.key);
    if (flight === undefined) {
      this.#launch(effect, "now", state);
    } else if (flight.stage === "held" && this.#desk.clock.monotonic() - flight.readyAt > HELD_MS) {
      this.#end(flight, false);
      this.#launch(effect, "now", state);
    } else if (flight.wanted === "upcoming" || (flight.wanted === "no" && flight.stage === "preparing")) {
      flight.wanted = "now";
      this.#begin(flight);
    }
  }

  /** Gives their start tokens to the attempts whose `step.started` these events hold, now that they are durable. */
  release(events: readonly LedgerEvent[]): void {
    for (const event of events) {
      if (event.eventType === "step.started") {
        this.#giveToken(event.stepId ?? "", event.attempt ?? 0);
      }
    }
  }

  #giveToken(stepId: string, attempt: number): void {
    const key = `run:${stepId}:${attempt}`;
    const flight = this.#flights.get(key);
    if (flight?.ready !== undefined && flight.stage === "ready") {
      flight.stage = "running";
      this.#keep(this.#running, this.#run(flight, flight.ready));
    } else if (flight === undefined) {
      // It was called off between its start command and now: nothing of it ever ran.
      const outcome = { kind: "cancelled" as const, durationMs: 0, artifacts: [] };
      this.#desk.send({ kind: "ended", stepId, attempt, outcome }, `ended:${key}`);
    }
  }

  #keep(set: Set<Promise<void>>, work: Promise<void>): void {
    const kept = work.finally(() => set.delete(kept));
    set.add(kept);
  }

  /** Ends every attempt; `now` without the five seconds of grace. */
  stopAll(now: boolean): void {
    this.#upcoming = [];
    for (const flight of this.#flights.values()) {
      flight.wanted = "no";
      this.#end(flight, now);
    }
  }

  #launch(effect: AttemptEffect, wanted: "now" | "upcoming", state: RunState): void {
    const flight: Flight = { effect, stage: "preparing", wanted, readyAt: 0, work: Promise.resolve() };
    this.#flights.set(effect.key, flight);
    flight.work = this.#prepare(flight, state);
    // Nobody waits for what is only upcoming, except at the end.
    this.#keep(wanted === "now" ? this.#preparing : this.#running, flight.work);
  }

  async #prepare(flight: Flight, state: RunState): Promise<void> {
    const { effect } = flight;
    const ready = await this.#makeReady(effect, state).catch((error: unknown) => fail(brokenRunner(error)));
    if (ready.ok && flight.wanted !== "no") {
      flight.ready = ready.value;
      flight.readyAt = this.#desk.clock.monotonic();
      flight.stage = "held";
      await (flight.wanted === "now" ? this.#confirm(flight, ready.value) : undefined);
      return;
    }
    this.#flights.delete(effect.key);
    if (ready.ok) {
      await discard(ready.value);
    } else if (flight.wanted === "now") {
      this.#refuse(effect, ready.fault);
    } else {
      // It is tried once more when its turn has come, and refused then if need be.
      this.#refused.add(effect.key);
    }
  }

  /** Asks for the start of an attempt as soon as it is ready. */
  #begin(flight: Flight): void {
    if (flight.ready !== undefined) {
      flight.work = this.#confirm(flight, flight.ready);
    }
    this.#keep(this.#preparing, flight.work);
  }

  /** Asks for the start of a ready attempt once the stored plan was looked at. */
  async #confirm(flight: Flight, ready: ReadyAttempt): Promise<void> {
    const { effect } = flight;
    const unchanged = await this.#desk.pinned.holdStored(effect.stepId).catch(storeFailure);
    if (this.#flights.get(effect.key) !== flight) {
      return;
    }
    if (!unchanged.ok) {
      this.#flights.delete(effect.key);
      this.#keep(this.#running, discard(ready));
      this.#refuse(effect, unchanged.fault);
      return;
    }
    flight.stage = "ready";
    const { exe, enforced, secrets } = ready;
    const start = { kind: "start" as const, stepId: effect.stepId, attempt: effect.attempt, secrets, enforced };
    this.#desk.send(exe === undefined ? start : { ...start, exe }, `start:${effect.key}`);
  }

  async #makeReady(effect: AttemptEffect, state: RunState): Promise<Result<ReadyAttempt>> {
    const resolved = resolveAttempt(state, effect.stepId, this.#desk.sha256);
    if (!resolved.ok) {
      return resolved;
    }
    const unchanged = this.#desk.pinned.holdNode(resolved.value.node);
    if (!unchanged.ok) {
      return unchanged;
    }
    return this.#desk.prepare(resolved.value, {
      identity: state.identity,
      attempt: effect.attempt,
      startedAt: state.startedAt ?? 0,
    });
  }

  /** An attempt that could not start: drift stops the run, all else fails the attempt. */
  #refuse(effect: AttemptEffect, fault: Fault): void {
    if (isStoreFault(fault.code)) {
      this.#desk.broken(fault);
      return;
    }
    const drifted = driftCommand(fault, effect.stepId);
    if (drifted !== undefined) {
      this.#desk.send(drifted, `drift:${effect.key}`);
      return;
    }
    const { stepId, attempt } = effect;
    this.#desk.send({ kind: "ended", stepId, attempt, outcome: failedBy(fault) }, `ended:${effect.key}`);
  }

  async #run(flight: Flight, ready: ReadyAttempt): Promise<void> {
    const { stepId, attempt, key } = flight.effect;
    let batches = 0;
    const sink = (batch: OutputBatch): Promise<void> =>
      new Promise((resolve) => {
        batches += 1;
        this.#desk.send({ kind: "output", stepId, attempt, output: batch }, `output:${key}:${batches}`, resolve);
      });
    const outcome = await ready.start(sink).catch((error: unknown) => failedBy(brokenRunner(error)));
    this.#flights.delete(key);
    if (outcome.kind === "failed" && isStoreFault(outcome.reason)) {
      this.#desk.broken(outcome.fault ?? { code: outcome.reason, message: outcome.hint });
    } else {
      this.#desk.send({ kind: "ended", stepId, attempt, outcome }, `ended:${key}`);
    }
  }

  #end(flight: Flight, now: boolean): void {
    if (flight.stage === "running") {
      flight.ready?.stop({ now });
    } else if ((flight.stage === "ready" || flight.stage === "held") && flight.ready !== undefined) {
      this.#flights.delete(flight.effect.key);
      this.#keep(this.#running, discard(flight.ready));
    }
  }
}

function keyOf(effect: AttemptEffect): string {
  return effect.key;
}

/** A runner that throws has a bug, or met its store full or gone; the step is not left hanging because of it. */
function brokenRunner(error: unknown): Fault {
  if (error instanceof StoreError) {
    return error.fault;
  }
  return { code: "STEP_SETUP", message: error instanceof Error ? error.message : "the step runner failed" };
}

function failedBy(fault: Fault): AttemptOutcome {
  return { ...failedFor(fault), durationMs: 0, artifacts: [] };
}

/** What cannot be taken back now is taken back by whoever tidies up after this process. */
async function discard(ready: ReadyAttempt): Promise<void> {
  await ready.discard().catch(() => undefined);
}
