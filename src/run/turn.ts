import type { Digest, Sha256 } from "#canon/digest.ts";
import type { Plan } from "#plan/plan.ts";
import type { Command } from "./command.ts";
import { decide } from "./decide.ts";
import type { EventDraft, LedgerEvent } from "./event.ts";
import { evolve } from "./evolve.ts";
import { examineReached } from "./examine.ts";
import { canonicalKey, compareKeys } from "./graph.ts";
import { genesisHash, sealEvent } from "./ledger-chain.ts";
import type { Moment } from "./moment.ts";
import type { Identity } from "./run-record.ts";
import { isDriven, settle } from "./settle.ts";
import { initialState, type RunState } from "./state.ts";

/**
 * One turn of a run: decides the commands, folds what came of them, and lets everything follow that follows by itself.
 * The events are sealed and already folded; they have to be stored before anything is done because of them. Results of
 * steps are taken in canonical order whatever order they arrived in. The state is changed in place.
 */
export function turn(state: RunState, commands: readonly Command[], moment: Moment): readonly LedgerEvent[] {
  const now = Math.max(moment.now, state.lastTimestamp);
  const at = { ...moment, now };
  const events: LedgerEvent[] = [];
  const record = (draft: EventDraft): void => {
    const head = { ...chainHead(state, at.sha256), timestamp: state.lastTimestamp };
    const event = sealEvent(draft, head, now, at.sha256);
    events.push(event);
    evolve(state, event);
  };
  if (isDriven(state)) {
    // After a fold from the ledger nothing has been examined yet; what may run has to be known before it starts.
    examineReached(state, at);
  }
  for (const command of inTurn(state, commands)) {
    decide(state, command, at).forEach(record);
  }
  for (let drafts = settle(state, at); drafts.length > 0; drafts = settle(state, at)) {
    recordUntilStop(state, drafts, record);
  }
  return events;
}

/** What follows at the same moment follows no more once a failure among it stops the run: nothing begins after that. */
function recordUntilStop(state: RunState, drafts: readonly EventDraft[], record: (draft: EventDraft) => void): void {
  const { stop } = state;
  for (const draft of drafts) {
    record(draft);
    if (state.stop !== stop) {
      return;
    }
  }
}

/** What the next event continues. */
function chainHead(state: RunState, sha256: Sha256): { readonly sequence: number; readonly hash: Digest } {
  return state.head.sequence === 0 ? { sequence: 0, hash: genesisHash(state.identity, sha256) } : state.head;
}

/** The state after these events. @public */
export function fold(plan: Plan, identity: Identity, events: Iterable<LedgerEvent>): RunState {
  const state = initialState(plan, identity);
  for (const event of events) {
    evolve(state, event);
  }
  return state;
}

/** First what concerns the whole run, then what came of steps in canonical order, then what people sent, in its order. */
function inTurn(state: RunState, commands: readonly Command[]): readonly Command[] {
  if (commands.length < 2) {
    return commands;
  }
  const { graph } = state.live;
  const placed = commands.map((command) => ({ command, ...placeOf(command) }));
  const keys = new Map<string, readonly number[]>();
  for (const { stepId } of placed) {
    keys.set(stepId, keys.get(stepId) ?? canonicalKey(graph, stepId) ?? []);
  }
  return placed
    .sort((a, b) => a.group - b.group || compareKeys(keys.get(a.stepId) ?? [], keys.get(b.stepId) ?? []))
    .map(({ command }) => command);
}

function placeOf(command: Command): { readonly group: number; readonly stepId: string } {
  switch (command.kind) {
    case "create":
    case "acquire":
    case "verified":
    case "drifted":
    case "refused":
      return { group: 0, stepId: "" };
    case "start":
    case "output":
    case "ended":
    case "lost":
    case "gateOpened":
    case "gateFailed":
    case "confirmed":
    case "policyEvaluated":
      return { group: 1, stepId: command.stepId };
    case "decision":
    case "cancel":
    case "incident":
    case "incidentOver":
    case "snapshot":
    case "snapshotFailed":
    case "tick":
      return { group: 2, stepId: "" };
  }
}
