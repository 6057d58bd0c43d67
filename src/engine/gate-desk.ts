import { digestOfJson, type Sha256 } from "#canon/digest.ts";
import { isJsonObject } from "#canon/json.ts";
import type { Fault } from "#fault/fault.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { numberRulesOf } from "#plan/number-rules.ts";
import type { GateKeeper } from "#port/gate-keeper.ts";
import type { SnapshotKeeper } from "#port/snapshot-keeper.ts";
import { isTimestamp } from "#canon/timestamp.ts";
import type { PolicyEngine } from "#port/policy-engine.ts";
import type { LedgerStore, RunKey } from "#port/run-store.ts";
import { canonicalBytes } from "#canon/canonical-json.ts";
import type { CommandBody } from "#run/command.ts";
import type { Effect } from "#run/effect.ts";
import { gateStanding } from "#run/gate-standing.ts";
import type { InboxCommand } from "#run/inbox-command.ts";
import { policyContextPath } from "#run/policy-context-path.ts";
import { driftCommand } from "./drift-command.ts";
import { isStoreFault } from "./store-fault.ts";
import { resolveGate, resolvePolicy } from "#run/resolve.ts";
import type { RunState } from "#run/state.ts";

export type GatePorts = {
  readonly gates: GateKeeper;
  readonly policies: PolicyEngine;
  readonly ledger: LedgerStore;
  readonly sha256: Sha256;
};

export type GateEffect = Extract<Effect, { kind: "openGate" | "confirmGate" | "policy" }>;

export function isGateEffect(effect: Effect): effect is GateEffect {
  return effect.kind === "openGate" || effect.kind === "confirmGate" || effect.kind === "policy";
}
export type Answer = { readonly id: string; readonly body: CommandBody };

/**
 * Carries out one effect of a gate; what came of it is one command. A store that is full or gone is a fault: the gate
 * is as it was, and the run can be resumed.
 */
export async function serveGate(effect: GateEffect, state: RunState, ports: GatePorts): Promise<Result<Answer>> {
  const body = await answerGate(effect, state, ports);
  if (body.ok) {
    return ok({ id: effect.key, body: body.value });
  }
  const { code, hint, message } = body.fault;
  return isStoreFault(code)
    ? body
    : ok({ id: effect.key, body: { kind: "gateFailed", stepId: effect.stepId, reason: code, hint: hint ?? message } });
}

/** What comes of an effect that is not carried out because of this: drift, or a store that fails. */
export function refuseGate({ key, stepId }: GateEffect, fault: Fault): Result<Answer> {
  const body = driftCommand(fault, stepId);
  return body === undefined ? fail(fault) : ok({ id: key, body });
}

function answerGate(effect: GateEffect, state: RunState, ports: GatePorts): Promise<Result<CommandBody>> {
  switch (effect.kind) {
    case "openGate":
      return openGate(effect.stepId, state, ports);
    case "confirmGate":
      return confirmGate(effect, ports);
    case "policy":
      return evaluatePolicy(effect.stepId, state, ports);
  }
}

async function openGate(stepId: string, state: RunState, ports: GatePorts): Promise<Result<CommandBody>> {
  const gate = resolveGate(state, stepId);
  const opened = gate.ok ? await ports.gates.open({ gateId: stepId, ...gate.value }) : gate;
  return opened.ok ? ok({ kind: "gateOpened", stepId, ...opened.value }) : opened;
}

async function confirmGate(
  effect: Extract<GateEffect, { kind: "confirmGate" }>,
  ports: GatePorts,
): Promise<Result<CommandBody>> {
  const checked = [];
  for (const payloadDigest of effect.approvals) {
    const holds = await ports.gates.recheck(effect.stepId, payloadDigest);
    if (!holds.ok && isStoreFault(holds.fault.code)) {
      return holds;
    }
    const why = holds.ok ? holds.value : { code: holds.fault.code, hint: holds.fault.hint ?? holds.fault.message };
    checked.push({ payloadDigest, ...why });
  }
  return ok({ kind: "confirmed", stepId: effect.stepId, void: checked });
}

async function evaluatePolicy(stepId: string, state: RunState, ports: GatePorts): Promise<Result<CommandBody>> {
  const resolved = resolvePolicy(state, stepId);
  if (!resolved.ok) {
    return resolved;
  }
  const { name, policy, context } = resolved.value;
  const key: RunKey = { tenantId: state.identity.tenantId, runId: state.identity.runId };
  const kept = await ports.ledger.putFile(key, policyContextPath(stepId, ports.sha256), canonicalBytes(context));
  if (!kept.ok) {
    return kept;
  }
  const answer = await ports.policies.evaluate(policy, context, numberRulesOf(state.plan));
  if (answer.kind === "changed") {
    return ok({ kind: "drifted", node: stepId, pointer: `/policies/${name}/digest`, hint: answer.why });
  }
  return ok({
    kind: "policyEvaluated",
    stepId,
    answer: answer.kind,
    why: answer.kind === "undecided" ? answer.why : "",
    policyDigest: policy.digest,
    contextDigest: digestOfJson(context, ports.sha256),
  });
}

/** Turns what someone put into the run's inbox into a command of the core; the sender's word is checked here. */
export async function readInboxCommand(
  sent: InboxCommand,
  state: RunState,
  { gates, snapshots }: { readonly gates: GateKeeper; readonly snapshots?: SnapshotKeeper },
): Promise<Answer> {
  const body = isJsonObject(sent.body) ? sent.body : {};
  if (sent.kind === "incident") {
    return { id: sent.commandId, body: readIncident(body) };
  }
  if (sent.kind === "snapshot") {
    const taken = await snapshots?.take(state.head);
    return {
      id: sent.commandId,
      body: taken?.ok === true ? { kind: "snapshot", manifestDigest: taken.value, asked: true } : NOTHING,
    };
  }
  if (sent.kind === "cancel") {
    const by = text(body["by"]) ?? "unknown";
    const reason = text(body["reason"]);
    return { id: sent.commandId, body: { kind: "cancel", by, ...(reason === undefined ? {} : { reason }) } };
  }
  const stepId = text(body["gate"]) ?? "";
  const verdict = await gates.judge(stepId, sent.body, gateStanding(state, stepId));
  return { id: sent.commandId, body: { kind: "decision", stepId, verdict } };
}

/** Decides nothing: what was sent says nothing that can be understood, or could not be done. */
const NOTHING: CommandBody = { kind: "tick" };

function readIncident(body: Readonly<Record<string, unknown>>): CommandBody {
  const by = text(body["by"]) ?? "unknown";
  if (body["state"] === "closed") {
    return { kind: "incidentOver", by };
  }
  const until = body["until"];
  return isTimestamp(until) ? { kind: "incident", by, reason: text(body["reason"]) ?? "", until } : NOTHING;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
