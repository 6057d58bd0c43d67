import { decideEnded, decideLost, decideOutput, decideStart } from "./decide-attempt.ts";
import { decideConfirmed, decideDecision, decideGateFailed, decideGateOpened, decidePolicy } from "./decide-gate.ts";
import {
  decideAcquire,
  decideCancel,
  decideCreate,
  decideDrifted,
  decideRefused,
  decideVerified,
} from "./decide-run.ts";
import { decideIncident, decideSnapshot } from "./snapshots.ts";
import type { Command } from "./command.ts";
import type { EventDraft } from "./event.ts";
import type { Moment } from "./moment.ts";
import type { RunState } from "./state.ts";
import { isTerminal } from "./status.ts";

/**
 * What a command makes happen, in order. Nothing when the run has ended, when the command's id was decided before, or
 * when it no longer fits the state. What then follows by itself is said by `settle`. Never throws.
 */
export function decide(state: RunState, command: Command, moment: Moment): readonly EventDraft[] {
  const created = state.head.sequence > 0;
  if (isTerminal(state.status) || state.live.seen.has(command.id) || created === (command.kind === "create")) {
    return [];
  }
  switch (command.kind) {
    case "create":
      return decideCreate(state, command);
    case "acquire":
      return decideAcquire(state, command);
    case "verified":
      return decideVerified(state, command);
    case "drifted":
      return decideDrifted(state, command);
    case "refused":
      return decideRefused(state, command);
    case "start":
      return decideStart(state, command);
    case "output":
      return decideOutput(state, command);
    case "ended":
      return decideEnded(state, command, moment);
    case "lost":
      return decideLost(state, command, moment);
    case "gateOpened":
      return decideGateOpened(state, command);
    case "gateFailed":
      return decideGateFailed(state, command);
    case "decision":
      return isReserved(command.id) ? [] : decideDecision(state, command, moment);
    case "confirmed":
      return decideConfirmed(state, command, moment);
    case "policyEvaluated":
      return decidePolicy(state, command);
    case "cancel":
      return isReserved(command.id) ? [] : decideCancel(command);
    case "incident":
    case "incidentOver":
      return isReserved(command.id) ? [] : decideIncident(state, command);
    case "snapshot":
    case "snapshotFailed":
      return decideSnapshot(state, command);
    case "tick":
      return [];
  }
}

/** Ids of the core's own timers: nobody sends commands under them. */
function isReserved(id: string): boolean {
  return id === "" || id.startsWith("timer:");
}
