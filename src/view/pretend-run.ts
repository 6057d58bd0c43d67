import { digestOf, digestOfJson, type Digest, type Sha256 } from "#canon/digest.ts";
import { parseRunId, parseTenantId, parseTrustDomain } from "#canon/ids.ts";
import { timestampOf } from "#canon/timestamp.ts";
import { encodeUtf8 } from "#canon/utf8.ts";
import type { Plan } from "#plan/plan.ts";
import type { Command, CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import type { LedgerEvent } from "#run/event.ts";
import { requiredApprovals } from "#run/gate-standing.ts";
import { templateIdOf } from "#run/graph.ts";
import { entryOf, type Identity } from "#run/run-record.ts";
import { initialState, type RunState } from "#run/state.ts";
import { isTerminal } from "#run/status.ts";
import { todo } from "#run/todo.ts";
import { turn } from "#run/turn.ts";
import type { Act, Assumption } from "./assumption.ts";

export type PolicyVerdict = "allowed" | "denied" | "undecided";

/** What a simulation answers where a run would ask the world. */
export type PretendWorld = {
  readonly assumptions: ReadonlyMap<string, Assumption>;
  /** Decides a policy gate that nothing is assumed of. */
  readonly policy: (state: RunState, stepId: string) => PolicyVerdict;
  readonly sha256: Sha256;
};

export type PretendedRun = {
  readonly state: RunState;
  /** Ids of the instances that can go on at the same time, in canonical order; then those that can after them. */
  readonly waves: readonly (readonly string[])[];
  readonly skips: readonly { readonly stepId: string; readonly reason: string }[];
};

type Wanted = Extract<Effect, { kind: "attempt" | "openGate" | "policy" }>;

/** The instant at which everything is pretended to happen, in milliseconds since 1970. */
const START = 0;

/**
 * Drives the core over a pretended plan: whatever it wants happens at once. Of what goes on at the same time, failures
 * are seen first, so that the failure policy shows its effect. Undefined for a plan that comes to no end, because its
 * steps wait for each other: no compiled plan does.
 */
export function pretendRun(plan: Plan, world: PretendWorld): PretendedRun | undefined {
  const driver = new PretendDriver(plan, world);
  const waves: (readonly string[])[] = [];
  while (!isTerminal(driver.state.status)) {
    const { sequence } = driver.state.head;
    const wave = driver.wave();
    if (driver.state.head.sequence === sequence) {
      return undefined;
    }
    if (wave.length > 0) {
      waves.push(wave);
    }
  }
  return { state: driver.state, waves, skips: driver.skips };
}

class PretendDriver {
  readonly state: RunState;
  readonly skips: { readonly stepId: string; readonly reason: string }[] = [];
  readonly #world: PretendWorld;
  readonly #nothing: Digest;
  #now = START;
  #commands = 0;

  constructor(plan: Plan, world: PretendWorld) {
    this.#world = world;
    this.#nothing = digestOf(encodeUtf8(""), world.sha256);
    this.state = initialState(plan, pretendIdentity(plan, world.sha256));
    const digests = { requestDigest: this.#nothing, inputsLock: this.#nothing, packDigest: plan.pack.digest };
    this.#send({ kind: "create", metadata: { requestedBy: "nobody", packSource: "folder", ...digests } });
    this.#send(
      { kind: "acquire", owner: "simulation", fence: 1 },
      { kind: "verified", engine: { name: "packrun", version: "simulation" } },
    );
  }

  /** Does everything that is wanted now; the steps that this moved. Time only passes when nothing else can happen. */
  wave(): readonly string[] {
    const wanted = this.#todo().filter(isStepEffect);
    if (wanted.length === 0) {
      this.#letTimePass();
      return [];
    }
    const attempts = wanted.filter((effect) => effect.kind === "attempt");
    this.#send(
      ...attempts.map(({ stepId, attempt }): CommandBody => ({ kind: "start", stepId, attempt, secrets: [] })),
    );
    this.#send(
      ...wanted.filter((effect) => this.#actOf(effect) !== "succeed").flatMap((effect) => this.#outcomes(effect)),
    );
    const listed = new Set(this.#todo().map((effect) => effect.key));
    this.#send(...attempts.filter(({ key }) => !listed.has(key)).map(cancelled));
    const rest = wanted.filter((effect) => listed.has(effect.key) && this.#actOf(effect) === "succeed");
    this.#send(...rest.flatMap((effect) => this.#outcomes(effect)));
    const gates = this.#todo().filter((effect) => effect.kind === "confirmGate");
    this.#send(...gates.map(({ stepId }): CommandBody => ({ kind: "confirmed", stepId, void: [] })));
    return wanted.map((effect) => effect.stepId);
  }

  #todo(): readonly Effect[] {
    return todo(this.state, Number.MAX_SAFE_INTEGER);
  }

  #send(...bodies: readonly CommandBody[]): void {
    if (bodies.length === 0) {
      return;
    }
    const commands = bodies.map((body): Command => {
      this.#commands += 1;
      return { id: `pretend-${this.#commands}`, ...body };
    });
    const events = turn(this.state, commands, { now: this.#now, sha256: this.#world.sha256 });
    this.skips.push(...events.flatMap(skipOf));
  }

  #actOf(effect: Wanted): Act {
    const { assumptions } = this.#world;
    const { stepId } = effect;
    const assumed = assumptions.get(stepId) ?? assumptions.get(templateIdOf(stepId));
    if (assumed !== undefined || effect.kind !== "policy") {
      return assumed?.act ?? "succeed";
    }
    return this.#world.policy(this.state, stepId) === "allowed" ? "succeed" : "fail";
  }

  #outcomes(effect: Wanted): readonly CommandBody[] {
    const { stepId } = effect;
    const act = this.#actOf(effect);
    switch (effect.kind) {
      case "attempt":
        return [ended(effect, act)];
      case "policy":
        return [{ kind: "policyEvaluated", stepId, answer: this.#answer(stepId, act), why: "", ...this.#digests() }];
      case "openGate":
        return [this.#opened(stepId), ...this.#decisions(stepId, act)];
    }
  }

  #answer(stepId: string, act: Act): PolicyVerdict {
    const { assumptions, policy } = this.#world;
    const assumed = assumptions.has(stepId) || assumptions.has(templateIdOf(stepId));
    return act === "succeed" ? "allowed" : assumed ? "denied" : policy(this.state, stepId);
  }

  #digests(): { readonly policyDigest: Digest; readonly contextDigest: Digest } {
    return { policyDigest: this.#nothing, contextDigest: this.#nothing };
  }

  #opened(stepId: string): CommandBody {
    const node = this.state.live.byId.get(stepId)?.at.node;
    const rule = node?.kind === "gate.approval" ? entryOf(this.state.plan.approvals, node.approval) : undefined;
    const notAfter = timestampOf(this.#now + Math.min(rule?.ttlMs ?? 0, LATEST - this.#now));
    return { kind: "gateOpened", stepId, requestDigest: this.#nothing, notAfter };
  }

  #decisions(stepId: string, act: Act): readonly CommandBody[] {
    const count = act === "succeed" ? requiredApprovals(this.state, stepId) : act === "fail" ? 1 : 0;
    const decision = act === "succeed" ? "approve" : "reject";
    return Array.from({ length: count }, (_, person): CommandBody => {
      const verdict = {
        kind: "accepted",
        decision,
        principal: `person ${person + 1}`,
        payloadDigest: this.#nothing,
      } as const;
      return { kind: "decision", stepId, verdict };
    });
  }

  #letTimePass(): void {
    const due = this.#todo().flatMap((effect) => (effect.kind === "timer" ? [effect.dueAt] : []));
    if (due.length > 0) {
      this.#now = Math.max(this.#now, Math.min(...due));
      this.#send({ kind: "tick" });
    }
  }
}

/** The last moment that a timestamp can name: longer waits end there. */
const LATEST = 253_402_300_799_999;

function isStepEffect(effect: Effect): effect is Wanted {
  return effect.kind === "attempt" || effect.kind === "openGate" || effect.kind === "policy";
}

type Attempt = Extract<Effect, { kind: "attempt" }>;

function ended({ stepId, attempt }: Attempt, act: Act): CommandBody {
  const measured = { durationMs: 0, artifacts: [] };
  return act === "fail"
    ? { kind: "ended", stepId, attempt, outcome: { kind: "failed", reason: "STEP_EXIT", hint: "assumed", ...measured } }
    : { kind: "ended", stepId, attempt, outcome: { kind: "succeeded", outputs: {}, ...measured } };
}

function cancelled({ stepId, attempt }: Attempt): CommandBody {
  return { kind: "ended", stepId, attempt, outcome: { kind: "cancelled", durationMs: 0, artifacts: [] } };
}

function skipOf(event: LedgerEvent): readonly { readonly stepId: string; readonly reason: string }[] {
  return event.eventType === "step.skipped" ? [{ stepId: event.stepId ?? "", reason: event.metadata.reason }] : [];
}

/** A run that is nobody's: its id is no time and no chance. */
function pretendIdentity(plan: Plan, sha256: Sha256): Identity {
  const runId = parseRunId("00000000-0000-7000-8000-000000000000");
  const tenantId = parseTenantId("simulation");
  const trustDomain = parseTrustDomain("simulation");
  if (runId === undefined || tenantId === undefined || trustDomain === undefined) {
    throw new Error("the identity of simulated runs has no valid form");
  }
  return { runId, tenantId, trustDomain, planHash: digestOfJson(plan, sha256) };
}
