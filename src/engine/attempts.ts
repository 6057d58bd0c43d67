import { digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import { planCodes } from "#plan/codes.ts";
import type { PlanNode } from "#plan/plan.ts";
import type { AttemptPreparer, ReadyAttempt } from "#port/attempt-preparer.ts";
import type { OutputBatch } from "#port/step-runner.ts";
import type { CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { resolveAttempt } from "#run/resolve.ts";
import type { RunState } from "#run/state.ts";
import { isStoreFault } from "./store-fault.ts";

type AttemptEffect = Extract<Effect, { kind: "attempt" }>;

/**
 * One attempt on its way: preparing → ready (its `start` command waits to become durable) → running → gone.
 * Invariant: the start token is given only after the ledger holds this attempt's `step.started`.
 */
type Flight = {
  readonly effect: AttemptEffect;
  stage: "preparing" | "ready" | "running";
  wanted: boolean;
  ready?: ReadyAttempt;
};

export type AttemptDesk = {
  readonly prepare: AttemptPreparer["prepare"];
  /** Hands a command to the driver's queue; `taken` is called once its events are in the ledger. */
  readonly send: (command: CommandBody, id: string, taken?: () => void) => void;
  /** The store is full or gone: nothing more can be recorded. */
  readonly broken: (fault: Fault) => void;
  readonly sha256: Sha256;
  /** Digests of the pinned plan's nodes by id. */
  readonly pinned: ReadonlyMap<string, Digest>;
};

/** Starts, watches and stops the attempts that `todo` lists. */
export class Attempts {
  readonly #desk: AttemptDesk;
  readonly #flights = new Map<string, Flight>();
  readonly #preparing = new Set<Promise<void>>();
  readonly #running = new Set<Promise<void>>();

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

  /** Starts what is newly wanted and stops what is no longer. */
  reconcile(wanted: readonly AttemptEffect[], state: RunState): void {
    const keys = new Set(wanted.map((effect) => effect.key));
    for (const [key, flight] of this.#flights) {
      if (!keys.has(key) && flight.wanted) {
        flight.wanted = false;
        this.#end(flight, false);
      }
    }
    for (const effect of wanted) {
      if (!this.#flights.has(effect.key)) {
        this.#launch(effect, state);
      }
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
    for (const flight of this.#flights.values()) {
      flight.wanted = false;
      this.#end(flight, now);
    }
  }

  #launch(effect: AttemptEffect, state: RunState): void {
    const flight: Flight = { effect, stage: "preparing", wanted: true };
    this.#flights.set(effect.key, flight);
    this.#keep(this.#preparing, this.#prepare(flight, state));
  }

  async #prepare(flight: Flight, state: RunState): Promise<void> {
    const { effect } = flight;
    const ready = await this.#makeReady(effect, state).catch((error: unknown) => fail(brokenRunner(error)));
    if (!flight.wanted) {
      this.#flights.delete(effect.key);
      await (ready.ok ? discard(ready.value) : undefined);
    } else if (ready.ok) {
      flight.ready = ready.value;
      flight.stage = "ready";
      const { exe, enforced, secrets } = ready.value;
      const start = { kind: "start" as const, stepId: effect.stepId, attempt: effect.attempt, secrets, enforced };
      this.#desk.send(exe === undefined ? start : { ...start, exe }, `start:${effect.key}`);
    } else {
      this.#flights.delete(effect.key);
      this.#refuse(effect, ready.fault);
    }
  }

  async #makeReady(effect: AttemptEffect, state: RunState): Promise<Result<ReadyAttempt>> {
    const resolved = resolveAttempt(state, effect.stepId, this.#desk.sha256);
    if (!resolved.ok) {
      return resolved;
    }
    const unchanged = this.#holdToPinned(resolved.value.node);
    if (!unchanged.ok) {
      return unchanged;
    }
    return this.#desk.prepare(resolved.value, {
      identity: state.identity,
      attempt: effect.attempt,
      startedAt: state.startedAt ?? 0,
    });
  }

  #holdToPinned(node: PlanNode): Result<void> {
    return this.#desk.pinned.get(node.id) === digestOfJson(node, this.#desk.sha256)
      ? ok(undefined)
      : fail(faultOf(planCodes, "PLAN_DRIFT", { node: node.id, pointer: "" }));
  }

  /** An attempt that could not start: drift stops the run, all else fails the attempt. */
  #refuse(effect: AttemptEffect, fault: Fault): void {
    if (isStoreFault(fault.code)) {
      this.#desk.broken(fault);
      return;
    }
    if (fault.code === "PLAN_DRIFT") {
      const pointer = typeof fault.data?.["pointer"] === "string" ? fault.data["pointer"] : "";
      this.#desk.send({ kind: "drifted", node: effect.stepId, pointer, hint: fault.message }, `drift:${effect.key}`);
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
      this.#desk.broken({ code: outcome.reason, message: outcome.hint });
    } else {
      this.#desk.send({ kind: "ended", stepId, attempt, outcome }, `ended:${key}`);
    }
  }

  #end(flight: Flight, now: boolean): void {
    if (flight.stage === "running") {
      flight.ready?.stop({ now });
    } else if (flight.stage === "ready" && flight.ready !== undefined) {
      this.#flights.delete(flight.effect.key);
      this.#keep(this.#running, discard(flight.ready));
    }
  }
}

/** A runner that throws has a bug, or met its store full or gone; the step is not left hanging because of it. */
function brokenRunner(error: unknown): Fault {
  if (error instanceof StoreError) {
    return error.fault;
  }
  return { code: "STEP_SETUP", message: error instanceof Error ? error.message : "the step runner failed" };
}

function failedBy({ code, hint, message }: Fault): AttemptOutcome {
  return { kind: "failed", reason: code, hint: hint ?? message, durationMs: 0, artifacts: [] };
}

/** What cannot be taken back now is taken back by whoever tidies up after this process. */
async function discard(ready: ReadyAttempt): Promise<void> {
  await ready.discard().catch(() => undefined);
}
