import { timestampOf } from "#canon/timestamp.ts";
import type { Plan } from "#plan/plan.ts";
import type { Command, CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import type { LedgerEvent } from "#run/event.ts";
import type { AttemptOutcome } from "#run/outcome.ts";
import { initialState, type RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { runSummary } from "#run/summary.ts";
import { todo } from "#run/todo.ts";
import { turn } from "#run/turn.ts";
import type { Values } from "#run/value.ts";
import { digestOfText, identityOf, sha256 } from "./sample-plan.ts";

export const START = Date.UTC(2026, 0, 5, 8);
const TTL = 3_600_000;

/**
 * What an attempt does: ends well (with outputs), ends with an exit code, fails with a reason, hangs until it is
 * stopped, or (`late`) takes so long that the test has to do something first.
 */
export type Act = "ok" | "hang" | "late" | number | { readonly outputs: Values } | { readonly reason: string };

export type Script = {
  /** By `step` or `step#attempt`; everything else ends well. */
  readonly acts?: Readonly<Record<string, Act>>;
  readonly policies?: Readonly<Record<string, "allowed" | "denied" | "undecided">>;
  readonly maxParallel?: number;
  /** Milliseconds that pass before each attempt ends. */
  readonly takes?: number;
};

/** Drives a run without processes: a clock that is ticked by hand, attempts that end in the order of their start. */
export class ScriptedRun {
  readonly state: RunState;
  readonly events: LedgerEvent[] = [];
  readonly mostInFlight = { all: 0 };
  now = START;
  readonly #script: Script;
  readonly #running = new Map<string, Extract<Effect, { kind: "attempt" }>>();
  #commands = 0;
  #late = false;
  #fence = 0;

  constructor(plan: Plan, script: Script = {}, reused?: Readonly<Record<string, Values>>) {
    this.state = initialState(plan, identityOf(plan));
    this.#script = script;
    const metadata = {
      requestedBy: "operator",
      requestDigest: digestOfText("request"),
      inputsLock: digestOfText("lock"),
      packDigest: plan.pack.digest,
      packSource: "folder",
    } as const;
    const from = "01890a5d-ac96-774b-bcce-b302099a8058";
    this.send(
      reused === undefined ? { kind: "create", metadata } : { kind: "create", metadata: { ...metadata, from }, reused },
    );
    this.takeOver();
  }

  /** A run that takes over these steps of another. */
  static from(plan: Plan, reused: Readonly<Record<string, Values>>): ScriptedRun {
    return new ScriptedRun(plan, {}, reused);
  }

  /** A new driver: nothing of what an earlier one ran is running any more. */
  takeOver(): this {
    const left = [...this.#running.values()];
    this.#running.clear();
    this.#fence += 1;
    this.send(
      { kind: "acquire", owner: `driver-${this.#fence}`, fence: this.#fence },
      { kind: "verified", engine: { name: "packrun", version: "0" } },
      ...left.map(({ stepId, attempt }): CommandBody => ({ kind: "lost", stepId, attempt })),
    );
    return this;
  }

  send(...bodies: readonly CommandBody[]): readonly LedgerEvent[] {
    const commands = bodies.map((body): Command => {
      this.#commands += 1;
      return { id: `c${this.#commands}`, ...body };
    });
    return this.sendAs(...commands);
  }

  sendAs(...commands: readonly Command[]): readonly LedgerEvent[] {
    const events = turn(this.state, commands, { now: this.now, sha256 });
    this.events.push(...events);
    return events;
  }

  todo(): readonly Effect[] {
    return todo(this.state, this.#script.maxParallel ?? 4);
  }

  /** Goes on until the run has ended or nothing moves without outside help. */
  go(limit = 10_000): this {
    this.#late = false;
    for (let count = 0; count < limit; count += 1) {
      if (isTerminal(this.state.status) || !this.step() || this.#late) {
        return this;
      }
    }
    throw new Error("the run does not come to rest");
  }

  /** Does one thing that is wanted; false when only people can help. */
  step(): boolean {
    const wanted = this.todo();
    const stopped = this.#stopUnwanted(wanted);
    const served = stopped || this.#serve(wanted);
    const started = this.#start(wanted);
    return served || started || this.#endOne() || this.#fire(wanted);
  }

  #stopUnwanted(wanted: readonly Effect[]): boolean {
    const keys = new Set(wanted.map((effect) => effect.key));
    for (const [key, { stepId, attempt }] of this.#running) {
      if (!keys.has(key)) {
        this.#running.delete(key);
        this.send({ kind: "ended", stepId, attempt, outcome: { kind: "cancelled", durationMs: 1, artifacts: [] } });
        return true;
      }
    }
    return false;
  }

  #start(wanted: readonly Effect[]): boolean {
    const fresh = wanted.filter((effect) => effect.kind === "attempt" && !this.#running.has(effect.key));
    for (const effect of fresh) {
      if (effect.kind === "attempt") {
        this.#running.set(effect.key, effect);
        this.send({ kind: "start", stepId: effect.stepId, attempt: effect.attempt, secrets: [] });
      }
    }
    this.mostInFlight.all = Math.max(this.mostInFlight.all, this.#running.size);
    return fresh.length > 0;
  }

  #endOne(): boolean {
    for (const [key, { stepId, attempt }] of this.#running) {
      const act = this.#script.acts?.[`${stepId}#${attempt}`] ?? this.#script.acts?.[stepId] ?? "ok";
      if (act === "late") {
        this.#late = true;
        return true;
      }
      if (act !== "hang") {
        this.now += this.#script.takes ?? 10;
        this.#running.delete(key);
        this.send({ kind: "ended", stepId, attempt, outcome: outcomeOf(act) });
        return true;
      }
    }
    return false;
  }

  #serve(wanted: readonly Effect[]): boolean {
    let served = false;
    for (const effect of wanted) {
      if (effect.kind === "openGate") {
        const { stepId } = effect;
        const notAfter = timestampOf(this.now + TTL);
        this.send({ kind: "gateOpened", stepId, requestDigest: digestOfText(stepId), notAfter });
        served = true;
      } else if (effect.kind === "confirmGate") {
        this.sendAs({ id: effect.key, kind: "confirmed", stepId: effect.stepId, void: [] });
        served = true;
      } else if (effect.kind === "policy") {
        const answer = this.#script.policies?.[effect.stepId] ?? "allowed";
        const digests = { policyDigest: digestOfText("true"), contextDigest: digestOfText("context") };
        this.sendAs({ id: effect.key, kind: "policyEvaluated", stepId: effect.stepId, answer, why: "", ...digests });
        served = true;
      }
    }
    return served;
  }

  #fire(wanted: readonly Effect[]): boolean {
    const timers = wanted.filter((effect) => effect.kind === "timer" && !effect.key.startsWith("timer:gate"));
    const due = Math.min(...timers.map((effect) => (effect.kind === "timer" ? effect.dueAt : Infinity)));
    if (!Number.isFinite(due)) {
      return false;
    }
    this.now = Math.max(this.now, due);
    this.send({ kind: "tick" });
    return true;
  }

  decide(stepId: string, principal: string, decision: "approve" | "reject" = "approve"): readonly LedgerEvent[] {
    const payloadDigest = digestOfText(`${stepId} ${principal} ${decision}`);
    return this.send({ kind: "decision", stepId, verdict: { kind: "accepted", decision, principal, payloadDigest } });
  }

  approve(stepId: string): this {
    this.decide(stepId, "ann");
    this.decide(stepId, "ben");
    return this;
  }

  cancel(): this {
    this.send({ kind: "cancel", by: "operator" });
    return this;
  }

  /** `id status reason`, in canonical order. */
  statuses(): readonly string[] {
    return runSummary(this.state).steps.map(({ id, status, reason }) => [id, status, reason].filter(Boolean).join(" "));
  }

  /** The run's own end. */
  end(): string {
    const { status, reason } = this.state;
    return [status, reason].filter(Boolean).join(" ");
  }

  /** What happened: `step event` lines, without the noise of output and leases. */
  trace(): readonly string[] {
    return this.events.map(({ stepId, eventType, attempt }) =>
      [stepId, eventType, attempt === undefined ? undefined : `#${attempt}`].filter(Boolean).join(" "),
    );
  }
}

function outcomeOf(act: Exclude<Act, "hang" | "late">): AttemptOutcome {
  const measured = { durationMs: 5, artifacts: [] };
  if (act === "ok") {
    return { kind: "succeeded", outputs: {}, ...measured };
  }
  if (typeof act === "number") {
    return { kind: "failed", reason: "STEP_EXIT", hint: "see its output", exitCode: act, ...measured };
  }
  return "outputs" in act
    ? { kind: "succeeded", outputs: act.outputs, ...measured }
    : { kind: "failed", reason: act.reason, hint: "see its output", ...measured };
}
