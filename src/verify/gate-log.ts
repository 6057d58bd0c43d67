import type { Digest } from "#canon/digest.ts";
import type { LedgerEvent, Metadata } from "#run/event.ts";

/** One `gate.decision`, as the ledger has it. `number` counts those of its gate from 1, and names the response's file. */
export type LoggedDecision = Metadata<"gate.decision"> & {
  readonly number: number;
  readonly at: string;
  /** The code with which it was taken back: then it does not count. */
  void?: string;
};

export type LoggedGate = {
  opened?: Metadata<"gate.opened"> & { readonly at: string };
  readonly decisions: LoggedDecision[];
  /** The first decision of each command. */
  readonly byCommand: Map<string, LoggedDecision>;
  /** The first one behind `opened`. */
  end?: { readonly type: "gate.passed" | "gate.rejected" | "gate.expired"; readonly at: string };
};

/** What the ledger says of gates and policies. */
export type GateLog = {
  readonly gates: Map<string, LoggedGate>;
  readonly contexts: Map<string, Digest>;
};

export function logGate(log: GateLog, event: LedgerEvent): void {
  const { timestamp: at, stepId: id = "" } = event;
  if (event.eventType === "gate.opened") {
    gateOf(log, id).opened ??= { ...event.metadata, at };
  } else if (event.eventType === "gate.decision") {
    const { decisions, byCommand } = gateOf(log, id);
    const decision = { ...event.metadata, number: decisions.length + 1, at };
    decisions.push(decision);
    byCommand.set(decision.commandId, byCommand.get(decision.commandId) ?? decision);
  } else if (event.eventType === "gate.refused") {
    // A refusal that bears the id of an accepted decision takes it back.
    const counted = log.gates.get(id)?.byCommand.get(event.metadata.commandId);
    if (counted !== undefined) {
      counted.void = event.metadata.code;
    }
  } else if (isEnd(event)) {
    endGate(log.gates.get(id), { type: event.eventType, at });
  } else if (event.eventType === "policy.evaluated" && !log.contexts.has(id)) {
    log.contexts.set(id, event.metadata.contextDigest);
  }
}

type GateEnd = Extract<LedgerEvent, { eventType: "gate.passed" | "gate.rejected" | "gate.expired" }>;

/** What never opened has no end that decisions could have led to; nothing follows the first end. */
function endGate(gate: LoggedGate | undefined, end: NonNullable<LoggedGate["end"]>): void {
  if (gate?.opened !== undefined) {
    gate.end ??= end;
  }
}

function isEnd(event: LedgerEvent): event is GateEnd {
  const { eventType } = event;
  return eventType === "gate.passed" || eventType === "gate.rejected" || eventType === "gate.expired";
}

function gateOf(log: GateLog, id: string): LoggedGate {
  const known = log.gates.get(id);
  if (known !== undefined) {
    return known;
  }
  const made: LoggedGate = { decisions: [], byCommand: new Map() };
  log.gates.set(id, made);
  return made;
}
