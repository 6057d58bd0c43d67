import { millisecondsOf, timestampOf } from "#canon/timestamp.ts";
import type { CommandBody } from "./command.ts";
import type { Effect } from "./effect.ts";
import type { EventDraft, LedgerEvent } from "./event.ts";
import { remember } from "./finish-step.ts";
import type { Moment } from "./moment.ts";
import type { RunState } from "./state.ts";

/** How often the evidence so far is signed during an incident, in milliseconds. */
const EVERY_MS = 60_000;

type CommandOf<K extends CommandBody["kind"]> = { readonly id: string } & Extract<CommandBody, { kind: K }>;
type SnapshotEvent = Extract<LedgerEvent, { eventType: "evidence.snapshot" | `incident.${string}` }>;

/** An incident that is open may be opened again: it lasts as long as the longer of both. One that is not cannot be closed. */
export function decideIncident(
  state: RunState,
  command: CommandOf<"incident"> | CommandOf<"incidentOver">,
): readonly EventDraft[] {
  const { id: commandId, by } = command;
  if (command.kind === "incident") {
    const { reason, until: wanted } = command;
    const until =
      state.incident === undefined ? wanted : timestampOf(Math.max(state.incident.until, millisecondsOf(wanted) ?? 0));
    return [{ eventType: "incident.opened", metadata: { commandId, by, reason, until } }];
  }
  return state.incident === undefined ? [] : [{ eventType: "incident.closed", metadata: { commandId, by } }];
}

/** One that could not be made is left out, until something asks for another. */
export function decideSnapshot(
  state: RunState,
  command: CommandOf<"snapshot"> | CommandOf<"snapshotFailed">,
): readonly EventDraft[] {
  const { snapshots } = state.live;
  if (command.kind === "snapshotFailed") {
    snapshots.failed = wanted(state);
    snapshots.triedAt = state.lastTimestamp;
    return [];
  }
  const { manifestDigest, asked } = command;
  const metadata = asked === undefined ? { manifestDigest } : { manifestDigest, commandId: command.id };
  return [{ eventType: "evidence.snapshot", metadata }];
}

export function evolveSnapshot(state: RunState, event: SnapshotEvent, at: number): void {
  const { commandId } = event.metadata;
  if (commandId !== undefined) {
    remember(state, commandId);
  }
  switch (event.eventType) {
    case "incident.opened":
      state.incident = { until: millisecondsOf(event.metadata.until) ?? at };
      state.snapshotDue = event.sequence;
      return;
    case "incident.closed":
      delete state.incident;
      return;
    case "evidence.snapshot":
      delete state.snapshotDue;
      delete state.live.snapshots.due;
      state.snapshotAt = at;
  }
}

/** An incident whose time is over ends; during one, another snapshot may have come due. */
export function settleIncident(state: RunState, { now }: Moment): readonly EventDraft[] {
  const { incident } = state;
  if (incident === undefined) {
    return [];
  }
  if (now >= incident.until) {
    return [{ eventType: "incident.closed", metadata: {} }];
  }
  if (now >= nextAt(state) && wanted(state) === undefined) {
    state.live.snapshots.due = state.head.sequence;
    delete state.live.snapshots.failed;
  }
  return [];
}

export function snapshotEffects(state: RunState): readonly Effect[] {
  const asks = wanted(state);
  const snapshot: readonly Effect[] = asks === undefined ? [] : [{ kind: "snapshot", key: `snapshot:${asks}` }];
  if (state.incident === undefined) {
    return snapshot;
  }
  const { until } = state.incident;
  const dueAt = asks === undefined ? Math.min(until, nextAt(state)) : until;
  return [...snapshot, { kind: "timer", key: "timer:incident", dueAt }];
}

/** The event that asks for a snapshot that is not there yet. */
function wanted(state: RunState): number | undefined {
  const { due, failed } = state.live.snapshots;
  const asks = state.snapshotDue ?? due;
  return asks === undefined || asks === failed ? undefined : asks;
}

function nextAt(state: RunState): number {
  return Math.max(state.snapshotAt ?? 0, state.live.snapshots.triedAt ?? 0) + EVERY_MS;
}
