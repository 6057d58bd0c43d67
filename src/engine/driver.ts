import type { Sha256 } from "#canon/digest.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { StoreError } from "#fault/store-error.ts";
import type { AttemptPreparer } from "#port/attempt-preparer.ts";
import type { Clock } from "#port/clock.ts";
import type { GateKeeper } from "#port/gate-keeper.ts";
import type { SnapshotKeeper } from "#port/snapshot-keeper.ts";
import type { PolicyEngine } from "#port/policy-engine.ts";
import type { Lease, RunStore } from "#port/run-store.ts";
import type { Redactor } from "#port/secrets.ts";
import type { Command, CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { todo } from "#run/todo.ts";
import { Attempts } from "./attempts.ts";
import { DriveTrace, type TraceOption } from "./drive-trace.ts";
import { isGateEffect, readInboxCommand, refuseGate, serveGate, type GateEffect } from "./gate-desk.ts";
import type { Journal } from "./journal.ts";
import type { LeaseKeeper } from "./lease-keeper.ts";
import { INBOX_MS, Mailbox } from "./mailbox.ts";
import type { PinnedPlan } from "./pinned-plan.ts";
import { redactCommand } from "./redact-command.ts";
import { storeFailure } from "./store-fault.ts";

export type DriverPorts = {
  readonly store: RunStore;
  readonly clock: Clock;
  readonly sha256: Sha256;
  readonly attempts: AttemptPreparer;
  readonly gates: GateKeeper;
  /** Without one, no snapshots are taken. */
  readonly snapshots?: SnapshotKeeper;
  readonly policies: PolicyEngine;
  readonly redactor: Redactor;
};

export type DriverOptions = {
  /** Running attempts of the whole run; 0 records decisions and starts nothing. */
  readonly maxParallel: number;
  /** Called with events that are in the ledger. */
  readonly onEvents?: (events: readonly LedgerEvent[]) => void;
  /** Called with events that this shift has written itself, once each, and the state behind them. */
  readonly onWritten?: (events: readonly LedgerEvent[], state: RunState) => void;
  /** Who is told of the work itself; nobody unless given. */
  readonly trace?: TraceOption;
};

export type Shift = {
  readonly journal: Journal;
  readonly keeper: LeaseKeeper;
  readonly pinned: PinnedPlan;
  /** Decided first, in one turn with what waits in the inbox: a decision that came too late is refused before its gate expires. */
  readonly opening: readonly Command[];
};

/** How a shift ended: the run is over, nothing can go on until someone decides, or the shift was called off. */
export type ShiftEnd = "finished" | "idle" | "aborted";

/** How long written events may wait for the attempts that follow from them, so that both share one fsync. */
const GATHER_MS = 20;

/**
 * One shift of driving a run: under one lease, from taking it over until the run is over or only waits.
 * 1. Commands are decided in the order in which they came; their events are durable before anything is done on them.
 * 2. What runs is what `todo` lists, nothing else.
 * 3. When the lease or the store is lost, everything that runs is ended and nothing more is written. What is handed in
 *    then is dropped, but answered as taken: nobody waits for a shift that is over.
 */
export class Driver {
  readonly #shift: Shift;
  readonly #ports: DriverPorts;
  readonly #options: DriverOptions;
  readonly #attempts: Attempts;
  readonly #mailbox: Mailbox;
  readonly #trace: DriveTrace;
  readonly #queue: { command: Command; taken?: () => void }[] = [];
  readonly #taken: (() => void)[] = [];
  readonly #serving = new Map<string, Promise<void>>();
  #wake: () => void = () => undefined;
  #timerDueAt = Number.POSITIVE_INFINITY;
  #ticks = 0;
  #snapshotKey: string | undefined;
  #broken: Fault | undefined;
  #bug: { readonly error: unknown } | undefined;
  #aborted = false;
  #released = false;
  #over = false;

  constructor(shift: Shift, ports: DriverPorts, options: DriverOptions) {
    this.#shift = shift;
    this.#ports = ports;
    this.#options = options;
    this.#trace = new DriveTrace(options.trace, shift.journal.state, ports.clock);
    this.#attempts = new Attempts({
      prepare: (attempt, context) => ports.attempts.prepare(attempt, context),
      send: (body, id, taken) => this.send(body, id, taken),
      broken: (fault) => this.fault(fault),
      sha256: ports.sha256,
      clock: ports.clock,
      pinned: shift.pinned,
    });
    const { tenantId, runId } = shift.journal.state.identity;
    const mail = { inbox: ports.store.inbox, clock: ports.clock };
    this.#mailbox = new Mailbox({ tenantId, runId }, mail, async (sent, recorded) => {
      this.#trace.tell({ event: "run.command", commandId: sent.commandId, kind: sent.kind });
      const { id, body } = await readInboxCommand(sent, shift.journal.state, ports);
      this.send(body, id, recorded);
    });
    shift.opening.forEach(({ id, ...body }) => this.send(body, id));
  }

  /** Hands in a command; it is decided in the next turn. `taken` is called when its events are in the ledger. */
  send(body: CommandBody, id: string, taken?: () => void): void {
    if (this.#over) {
      taken?.();
      return;
    }
    const command = redactCommand({ id, ...body }, this.#ports.redactor);
    this.#queue.push(taken === undefined ? { command } : { command, taken });
    this.#wake();
  }

  /** Ends the shift because nothing can be recorded any more. */
  fault(fault: Fault): void {
    this.#trace.tell({ event: "store.conflict", code: fault.code });
    this.#broken ??= fault;
    this.#attempts.stopAll(true);
    this.#wake();
  }

  /** The lease was renewed. */
  renewed({ fence, until }: Lease): void {
    this.#trace.tell({ event: "lease.renewed", fence, until });
  }

  /** The fault of the store that was thrown; anything else is a bug, which ends the shift as it ends the command. */
  #thrown(error: unknown): void {
    if (error instanceof StoreError) {
      this.fault(error.fault);
    } else {
      this.#bug ??= { error };
      this.#wake();
    }
  }

  /** Starts nothing more, and ends when what runs has ended: another process goes on with the run. */
  release(): void {
    this.#released = true;
    this.#wake();
  }

  /** Ends everything at once; the run can be resumed. */
  abort(): void {
    this.#aborted = true;
    this.#attempts.stopAll(true);
    this.#wake();
  }

  async run(): Promise<Result<ShiftEnd>> {
    try {
      for (;;) {
        const end = await this.#step();
        if (end !== undefined) {
          return end;
        }
      }
    } catch (error) {
      return storeFailure(error);
    } finally {
      this.#over = true;
      this.#queue.splice(0).forEach(({ taken }) => taken?.());
      this.#taken.splice(0).forEach((call) => call());
      this.#attempts.stopAll(true);
      await this.#attempts.idle();
      await Promise.all(this.#serving.values());
    }
  }

  /** One turn: decide, start and stop, write, then wait for what comes next. */
  async #step(): Promise<Result<ShiftEnd> | undefined> {
    await this.#mailbox.read(false);
    this.#decide();
    if (this.#queue.length > 0) {
      // What was ready for its turn asks for its start at once; that shares the write with what gave it its turn.
      this.#decide();
    }
    await this.#gather();
    const written = await this.#write();
    if (!written.ok) {
      this.fault(written.fault);
    }
    if (this.#bug !== undefined) {
      throw this.#bug.error;
    }
    if (this.#broken !== undefined) {
      return fail(this.#broken);
    }
    const end = await this.#end();
    if (end === undefined) {
      await this.#sleep();
      return undefined;
    }
    return ok(end);
  }

  async #end(): Promise<ShiftEnd | undefined> {
    if (this.#attempts.busy || this.#queue.length > 0) {
      return undefined;
    }
    const { status } = this.#shift.journal.state;
    if (isTerminal(status)) {
      return "finished";
    }
    if (this.#aborted || this.#released) {
      return "aborted";
    }
    const quiet = this.#serving.size === 0 && (this.#options.maxParallel === 0 || status === "waiting");
    return quiet && !(await this.#mailbox.read(true)) ? "idle" : undefined;
  }

  /** Decides all that is queued and brings what runs in line with what is wanted. */
  #decide(): void {
    const batch = this.#queue.splice(0);
    const { journal } = this.#shift;
    const commands = batch.map((entry) => entry.command);
    if (this.#ports.clock.now() >= this.#timerDueAt) {
      this.#ticks += 1;
      commands.push({ id: `tick:${this.#shift.keeper.lease.fence}:${this.#ticks}`, kind: "tick" });
    }
    journal.take(commands);
    this.#taken.push(...batch.flatMap((entry) => entry.taken ?? []));
    this.#reconcile();
  }

  #reconcile(): void {
    const { state } = this.#shift.journal;
    const places = this.#released ? 0 : this.#options.maxParallel;
    const effects = this.#aborted || this.#broken !== undefined ? [] : todo(state, places);
    this.#trace.wanted(effects);
    this.#attempts.reconcile(
      effects.filter((effect) => effect.kind === "attempt"),
      effects.filter((effect) => effect.kind === "upcoming"),
      state,
    );
    this.#timerDueAt = Number.POSITIVE_INFINITY;
    this.#snapshotKey = undefined;
    for (const effect of effects) {
      if (effect.kind === "snapshot") {
        this.#snapshotKey = effect.key;
      } else if (effect.kind === "timer") {
        this.#timerDueAt = Math.min(this.#timerDueAt, effect.dueAt);
      } else if (isGateEffect(effect) && this.#mayServe(effect) && !this.#serving.has(effect.key)) {
        const served = this.#serve(effect).catch((error: unknown) => this.#thrown(error));
        this.#serving.set(effect.key, served);
      }
    }
  }

  /** A shift that only records decisions opens no gates and evaluates no policies. */
  #mayServe(effect: Effect): boolean {
    return this.#options.maxParallel > 0 || effect.kind === "confirmGate";
  }

  async #serve(effect: GateEffect): Promise<void> {
    const { store, ...ports } = this.#ports;
    const { journal, pinned } = this.#shift;
    const unchanged = await pinned.holdStored(effect.stepId);
    const answer = unchanged.ok
      ? await serveGate(effect, journal.state, { ...ports, ledger: store.ledger })
      : refuseGate(effect, unchanged.fault);
    if (answer.ok) {
      // Listed until its command is decided, so that the same effect is not served twice.
      this.send(answer.value.body, answer.value.id, () => this.#serving.delete(effect.key));
    } else {
      this.fault(answer.fault);
    }
  }

  /** Speaks of what is in the ledger: called when all that was decided has been written. */
  #snapshot(): void {
    const { snapshots } = this.#ports;
    const key = this.#snapshotKey;
    if (snapshots === undefined || key === undefined || this.#serving.has(key)) {
      return;
    }
    const served = this.#takeSnapshot(key, snapshots).catch((error: unknown) => this.#thrown(error));
    this.#serving.set(key, served);
  }

  async #takeSnapshot(key: string, snapshots: SnapshotKeeper): Promise<void> {
    const taken = await snapshots.take(this.#shift.journal.state.head);
    if (!taken.ok) {
      this.#trace.tell({ event: "snapshot.failed", code: taken.fault.code });
    }
    const body: CommandBody = taken.ok ? { kind: "snapshot", manifestDigest: taken.value } : { kind: "snapshotFailed" };
    this.send(body, `${key}:${this.#shift.keeper.lease.fence}`, () => this.#serving.delete(key));
  }

  /** Lets the attempts that follow from this turn get ready, so that their start shares its write. */
  async #gather(): Promise<void> {
    if (!this.#attempts.preparing) {
      return;
    }
    let cancel: () => void = () => undefined;
    const limit = new Promise<void>((resolve) => {
      cancel = this.#ports.clock.after(GATHER_MS, resolve);
    });
    await Promise.race([this.#attempts.prepared(), limit]);
    cancel();
    if (this.#queue.length > 0) {
      this.#decide();
    }
  }

  async #write(): Promise<Result<void>> {
    const taken = this.#taken.splice(0);
    const written: Result<readonly LedgerEvent[]> =
      this.#broken === undefined ? await this.#shift.journal.flush(this.#shift.keeper.lease) : fail(this.#broken);
    taken.forEach((call) => call());
    if (!written.ok) {
      return written;
    }
    if (written.value.length > 0) {
      this.#options.onEvents?.(written.value);
      this.#options.onWritten?.(written.value, this.#shift.journal.state);
      this.#trace.written(written.value);
      this.#attempts.release(written.value);
    }
    this.#attempts.lookAhead(this.#shift.journal.state);
    this.#snapshot();
    await this.#mailbox.close();
    return ok(undefined);
  }

  async #sleep(): Promise<void> {
    if (this.#queue.length > 0) {
      return;
    }
    const { clock } = this.#ports;
    const woken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    const cancel = clock.after(Math.min(INBOX_MS, Math.max(0, this.#timerDueAt - clock.now())), () => this.#wake());
    await woken;
    cancel();
    this.#wake = () => undefined;
  }
}
