import { millisecondsOf } from "#canon/timestamp.ts";
import type { LedgerEvent } from "./event.ts";
import { finish, land, openAround, openContainer, touch } from "./finish-step.ts";
import { templateIdOf } from "./graph.ts";
import { isLeft, makeIterations, type Instance } from "./instance.ts";
import { MAX_INSTANCES } from "./max-instances.ts";
import type { MapRecord, StepRecord } from "./run-record.ts";
import { fly, instancesInMaps, type RunState } from "./state.ts";

type StepEvent = Extract<LedgerEvent, { eventType: `step.${string}` | `map.${string}` }>;
type EventOf<T extends LedgerEvent["eventType"]> = Extract<LedgerEvent, { eventType: T }>;

/** What an event about one step changes. */
export function evolveStep(
  state: RunState,
  event: StepEvent | EventOf<"sandbox.enforced" | "egress.denied" | "secret.resolved">,
  at: number,
): void {
  const instance = state.live.byId.get(event.stepId ?? "");
  if (instance === undefined) {
    if (event.eventType === "step.succeeded") {
      keepReused(state, event);
    }
    return;
  }
  if (!isLeft(instance)) {
    return;
  }
  switch (event.eventType) {
    case "map.expanded":
      evolveExpansion(state, instance, event.metadata, at);
      return;
    case "step.started":
      evolveStarted(state, instance, event.attempt ?? 1, at);
      return;
    case "step.retry":
      evolveRetry(state, instance, event.metadata);
      return;
    case "step.succeeded":
      evolveSucceeded(state, instance, event, at);
      return;
    case "step.failed":
      keepMeasured(touch(state, instance), event.metadata);
      finish(state, instance, { status: "failed", reason: event.metadata.reason, at });
      return;
    case "step.skipped":
      finish(state, instance, { status: "skipped", reason: event.metadata.reason, at });
      return;
    case "step.cancelled":
      finish(state, instance, { status: "cancelled", reason: event.metadata.reason, at });
      return;
    case "step.lost":
    case "step.output":
    case "step.artifact":
    case "sandbox.enforced":
    case "egress.denied":
    case "secret.resolved":
  }
}

function evolveStarted(state: RunState, instance: Instance, attempt: number, at: number): void {
  openAround(state, instance, at);
  const record = touch(state, instance);
  record.status = "running";
  record.attempts = attempt;
  record.startedAt ??= at;
  delete record.notBefore;
  instance.phase = "admitted";
  instance.lastOutput = "";
  if (instance.at.node.kind === "run") {
    fly(instance, state.live);
  }
}

function evolveRetry(state: RunState, instance: Instance, retry: EventOf<"step.retry">["metadata"]): void {
  const notBefore = millisecondsOf(retry.notBefore) ?? 0;
  const record = touch(state, instance);
  record.status = "pending";
  record.reason = retry.reason;
  record.notBefore = notBefore;
  land(state, instance);
  state.live.waits.push({ instance, notBefore });
}

function evolveSucceeded(
  state: RunState,
  instance: Instance,
  { metadata }: EventOf<"step.succeeded">,
  at: number,
): void {
  const record = touch(state, instance);
  keepMeasured(record, metadata);
  record.outputs = metadata.outputs;
  state.live.references.addOutputs(metadata.outputs);
  delete record.reason;
  if (metadata.reusedFrom === undefined) {
    openAround(state, instance, at);
  } else {
    record.reusedFrom = metadata.reusedFrom;
  }
  finish(state, instance, { status: "succeeded", at });
}

function keepMeasured(
  record: StepRecord,
  { durationMs, usage, egress }: EventOf<"step.succeeded" | "step.failed">["metadata"],
): void {
  record.durationMs = durationMs;
  if (usage !== undefined) {
    record.usage = usage;
  }
  if (egress !== undefined) {
    record.egress = egress;
  }
}

/** A step inside a map that is not expanded yet was taken over from another run: it waits there for its map. */
function keepReused(state: RunState, event: EventOf<"step.succeeded">): void {
  const id = event.stepId ?? "";
  const template = state.live.graph.byId.get(templateIdOf(id));
  const { durationMs, outputs, reusedFrom } = event.metadata;
  if (template?.node.kind === "run" && reusedFrom !== undefined) {
    state.steps[id] = { status: "succeeded", attempts: 0, durationMs, outputs, reusedFrom };
    state.live.references.addOutputs(outputs);
  }
}

function evolveExpansion(
  state: RunState,
  map: Instance,
  { count, items }: EventOf<"map.expanded">["metadata"],
  at: number,
): void {
  const { node } = map.at;
  const known = Array.isArray(items) ? items : node.kind === "map" && Array.isArray(node.items) ? node.items : [];
  const tooMany = instancesInMaps(state) + count * map.at.perItem > MAX_INSTANCES;
  if (node.kind !== "map" || map.kids.length > 0 || known.length !== count || tooMany) {
    return;
  }
  const expansion: MapRecord = Array.isArray(items) ? { count, items } : { count };
  state.maps[map.id] = expansion;
  openAround(state, map, at);
  const record = touch(state, map);
  record.status = "running";
  record.startedAt = at;
  makeIterations(map, count, { record: state, byId: state.live.byId, reached: state.live.reached });
  openContainer(state, map);
  if (map.kidsLeft === 0) {
    finish(state, map, { status: "succeeded", at });
  }
}
