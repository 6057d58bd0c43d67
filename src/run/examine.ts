import { digestOfJson } from "#canon/digest.ts";
import { isJsonObject, type Json } from "#canon/json.ts";
import { faultOf } from "#fault/code-table.ts";
import type { Fault } from "#fault/fault.ts";
import { ok, type Result } from "#fault/result.ts";
import type { MapNode, PlanNode } from "#plan/plan.ts";
import { runCodes } from "./codes.ts";
import { failedAtOnce } from "./decide-gate.ts";
import type { EventDraft } from "./event.ts";
import { conditionHolds, valueOf } from "./expressions.ts";
import { openContainer } from "./finish-step.ts";
import { siblingOf, type Instance } from "./instance.ts";
import { MAX_INSTANCES } from "./max-instances.ts";
import type { Moment } from "./moment.ts";
import { setReady } from "./ready-tree.ts";
import { instancesInMaps, type RunState } from "./state.ts";
import { skipped, stopOf } from "./stopping.ts";

/**
 * Looks at every step that was reached: it is skipped, fails, expands, or may go on (which leaves no event: the same
 * look at the same ledger finds the same again). Steps that events are decided for stay reached until those are folded.
 */
export function examineReached(state: RunState, moment: Moment): readonly EventDraft[] {
  const { reached } = state.live;
  const kept: Instance[] = [];
  const drafts: EventDraft[] = [];
  const room = { left: MAX_INSTANCES - instancesInMaps(state) };
  for (let instance = reached.pop(); instance !== undefined; instance = reached.pop()) {
    if (instance.phase !== "reached" || stopOf(state, instance) !== undefined) {
      continue;
    }
    const decided = examine(state, instance, { ...moment, room });
    if (decided.length > 0) {
      kept.push(instance);
      drafts.push(...decided);
    }
  }
  kept.forEach((instance) => reached.push(instance));
  return drafts;
}

/** How many more instances expansions may make; those that are decided together share it. */
type Look = Moment & { readonly room: { left: number } };

function examine(state: RunState, instance: Instance, moment: Look): readonly EventDraft[] {
  const { id, at } = instance;
  // The steps of `finally` are a sequence in which a failure skips nothing; inside a container needs mean what they say.
  const goesOnAnyway = at.inFinally && at.parent === undefined;
  if (!goesOnAnyway && at.needs.some((need) => passesFailureOn(siblingOf(instance, need)))) {
    return [skipped(id, "UPSTREAM_FAILED")];
  }
  const holds = whenOf(at.node) === undefined ? ok(true) : conditionHolds(state, instance, whenOf(at.node));
  if (!holds.ok) {
    return failedBy(id, holds.fault);
  }
  return holds.value ? admit(state, instance, moment) : [skipped(id, "WHEN_FALSE")];
}

/** A step that was skipped because of a failure hands it on; one that was skipped by its own `when` does not. */
function passesFailureOn(needed: Instance | undefined): boolean {
  const { status, reason } = needed?.record ?? {};
  return (
    (status === "failed" && needed?.at.node.continueOnError === false) ||
    (status === "skipped" && reason === "UPSTREAM_FAILED")
  );
}

function whenOf(node: PlanNode): Json | undefined {
  return node.kind === "gate.approval" ? undefined : node.when;
}

function failedBy(stepId: string, { code, message, hint }: Fault): readonly EventDraft[] {
  return failedAtOnce(stepId, code, hint === undefined ? message : `${message}: ${hint}`);
}

function admit(state: RunState, instance: Instance, moment: Look): readonly EventDraft[] {
  const { node } = instance.at;
  switch (node.kind) {
    case "run":
      instance.phase = "admitted";
      setReady(instance.slot, true);
      return [];
    case "parallel":
      openContainer(state, instance);
      return [];
    case "map":
      return expand(state, instance, node, moment);
    case "gate.approval":
      instance.phase = "admitted";
      state.live.opening.add(instance);
      return [];
    case "gate.policy":
      instance.phase = "admitted";
      state.live.policies.add(instance);
      return [];
  }
}

function expand(state: RunState, map: Instance, node: MapNode, { sha256, room }: Look): readonly EventDraft[] {
  const known = Array.isArray(node.items) && !holdsExpression(node.items);
  const items: Result<Json> = known ? ok(node.items) : valueOf(state, map, node.items);
  if (!items.ok) {
    return failedBy(map.id, items.fault);
  }
  const stepId = map.id;
  if (!Array.isArray(items.value)) {
    return failedBy(stepId, faultOf(runCodes, "MAP_ITEMS", { stepId }));
  }
  const list = items.value as readonly Json[];
  const { length: count } = list;
  if (count > node.maxItems) {
    return failedBy(stepId, faultOf(runCodes, "MAP_TOO_MANY", { stepId, count, maxItems: node.maxItems }));
  }
  const made = count * map.at.perItem;
  if (made > room.left) {
    return failedBy(stepId, faultOf(runCodes, "MAP_INSTANCES", { stepId, made, limit: MAX_INSTANCES }));
  }
  room.left -= made;
  const recorded = known ? digestOfJson(list, sha256) : list;
  return [{ eventType: "map.expanded", stepId, metadata: { count, items: recorded } }];
}

/** Whether any part of a value is still an expression. */
function holdsExpression(value: Json): boolean {
  if (Array.isArray(value)) {
    return value.some((item: Json) => holdsExpression(item));
  }
  if (!isJsonObject(value)) {
    return false;
  }
  return Object.hasOwn(value, "$cel") || Object.values(value as Record<string, Json>).some(holdsExpression);
}
