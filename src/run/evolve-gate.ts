import { millisecondsOf } from "#canon/timestamp.ts";
import type { LedgerEvent } from "./event.ts";
import { finish, openAround, remember, touch } from "./finish-step.ts";
import { isLeft, type Instance } from "./instance.ts";
import { entryOf, type GateRecord } from "./run-record.ts";
import type { RunState } from "./state.ts";

type GateEvent = Extract<LedgerEvent, { eventType: `gate.${string}` | `policy.${string}` }>;
type EventOf<T extends LedgerEvent["eventType"]> = Extract<LedgerEvent, { eventType: T }>;

/** What an event about a gate changes. */
export function evolveGate(state: RunState, event: GateEvent, at: number): void {
  if (event.eventType === "gate.decision" || event.eventType === "gate.refused") {
    remember(state, event.metadata.commandId);
  }
  const instance = state.live.byId.get(event.stepId ?? "");
  if (instance === undefined) {
    return;
  }
  if (event.eventType === "gate.refused") {
    evolveRefused(state, instance, event.metadata);
  }
  if (isLeft(instance)) {
    evolveOpen(state, instance, event, at);
  }
}

function evolveOpen(state: RunState, instance: Instance, event: GateEvent, at: number): void {
  switch (event.eventType) {
    case "gate.opened":
      evolveOpened(state, instance, event.metadata, at);
      return;
    case "gate.decision":
      gateOf(state, instance).decisions.push({ ...event.metadata, at });
      return;
    case "gate.passed":
      finish(state, instance, { status: "succeeded", at });
      return;
    case "gate.rejected":
      finish(state, instance, { status: "failed", reason: rejectionOf(state, instance), at });
      return;
    case "gate.expired":
      finish(state, instance, { status: "failed", reason: "GATE_EXPIRED", at });
      return;
    case "policy.evaluated":
      evolvePolicy(state, instance, event.metadata, at);
      return;
    case "gate.refused":
  }
}

function evolveOpened(
  state: RunState,
  instance: Instance,
  opened: EventOf<"gate.opened">["metadata"],
  at: number,
): void {
  openAround(state, instance, at);
  const record = touch(state, instance);
  record.status = "waiting";
  record.startedAt = at;
  const { requestDigest } = opened;
  gateOf(state, instance).opened = { at, notAfter: millisecondsOf(opened.notAfter) ?? 0, requestDigest };
  instance.phase = "admitted";
  state.live.opening.delete(instance);
  state.live.open.add(instance);
}

/** A refusal that bears the id of an accepted decision takes that decision back. */
function evolveRefused(state: RunState, instance: Instance, refused: EventOf<"gate.refused">["metadata"]): void {
  const gate = gateOf(state, instance);
  gate.refused += 1;
  gate.lastRefusal = refused.code;
  const counted = gate.decisions.find((decision) => decision.commandId === refused.commandId);
  if (counted !== undefined) {
    counted.void = refused.code;
  }
}

/** A gate whose request could not be made was never open: then the refusal before says why. */
function rejectionOf(state: RunState, instance: Instance): string {
  const gate = entryOf(state.gates, instance.id);
  return gate?.opened === undefined ? (gate?.lastRefusal ?? "GATE_REJECTED") : "GATE_REJECTED";
}

function evolvePolicy(
  state: RunState,
  instance: Instance,
  answer: EventOf<"policy.evaluated">["metadata"],
  at: number,
): void {
  openAround(state, instance, at);
  const record = touch(state, instance);
  record.startedAt = at;
  const { node } = instance.at;
  const goesOn = node.kind === "gate.policy" && node.failAction === "continue" && answer.code === "POLICY_DENIED";
  if (answer.allowed || goesOn) {
    if (goesOn) {
      record.warned = true;
    }
    finish(state, instance, { status: "succeeded", at });
  } else {
    finish(state, instance, { status: "failed", reason: answer.code ?? "POLICY_UNDECIDED", at });
  }
}

function gateOf(state: RunState, instance: Instance): GateRecord {
  const known = entryOf(state.gates, instance.id);
  const gate = known ?? { decisions: [], refused: 0 };
  state.gates[instance.id] = gate;
  return gate;
}
