import { digestOfJson, type Sha256 } from "#canon/digest.ts";
import type { Plan } from "#plan/plan.ts";
import type { LedgerEvent, Metadata } from "#run/event.ts";
import { MAX_INSTANCES } from "#run/max-instances.ts";
import { notInPlan, order, settle, type At, type Disorder } from "./attempt-rules.ts";
import { holdsExpression } from "./holds-expression.ts";

type GateEvent = Extract<LedgerEvent, { eventType: `gate.${string}` }>;

/** An approval gate opens once, is decided while it is open, and ends once. */
export function takeGate(event: GateEvent, at: At): Disorder | undefined {
  const { record } = at;
  const { eventType } = event;
  if (record.node.kind !== "gate.approval") {
    return notInPlan(`${eventType} names ${at.id}, which is no approval gate`);
  }
  if (eventType === "gate.refused") {
    record.refusal = event.metadata.code;
    return undefined;
  }
  const open = record.stage === "open" && record.status === undefined;
  switch (eventType) {
    case "gate.opened":
      if (record.stage !== "none") {
        return order(`${at.id} opens a second time`);
      }
      record.stage = "open";
      return undefined;
    case "gate.decision":
      return open ? takeDecision(at, event.metadata.commandId) : order(`${at.id} is decided while it is not open`);
    case "gate.passed":
      return open ? settle(at, "succeeded") : order(`${at.id} passes while it is not open`);
    case "gate.expired":
      record.reason = "GATE_EXPIRED";
      return open ? settle(at, "failed") : order(`${at.id} expires while it is not open`);
    case "gate.rejected":
      return rejectGate(at, open);
  }
}

/** A command is decided once: a second decision with its id could not be told from the first one. */
function takeDecision({ id, record }: At, commandId: string): Disorder | undefined {
  record.commands ??= new Set();
  if (record.commands.has(commandId)) {
    return order(`${id} is decided twice by command ${commandId}`);
  }
  record.commands.add(commandId);
  return undefined;
}

/** A gate whose request could not be made is rejected unopened, right behind the refusal that says why. */
function rejectGate(at: At, open: boolean): Disorder | undefined {
  const { record } = at;
  if (!open && (record.stage !== "none" || record.refusal === undefined)) {
    return order(`${at.id} is rejected while it is not open`);
  }
  record.reason = open ? "GATE_REJECTED" : (record.refusal ?? "GATE_REJECTED");
  return settle(at, "failed");
}

/** A denial lets the run go on where the plan says so; an undecided policy never does. */
export function judgePolicy(at: At, found: Metadata<"policy.evaluated">, plan: Plan): Disorder | undefined {
  const { node } = at.record;
  if (node.kind !== "gate.policy") {
    return notInPlan(`policy.evaluated names ${at.id}, which is no policy gate`);
  }
  if (plan.policies[node.policy]?.digest !== found.policyDigest) {
    return notInPlan(`${at.id} evaluated another policy than the plan's`);
  }
  if (found.allowed !== (found.code === undefined)) {
    return order(`${at.id} is neither clearly allowed nor clearly refused`);
  }
  const passes = found.allowed || (found.code === "POLICY_DENIED" && node.failAction === "continue");
  if (found.code !== undefined) {
    at.record.reason = found.code;
  }
  return settle(at, passes ? "succeeded" : "failed");
}

/** What an expansion is held to beside its map. */
type Expanding = {
  /** Of all instances that came of expansions so far, and of one item of this map. */
  readonly instances: number;
  readonly perItem: number;
  readonly sha256: Sha256;
};

/** A map is expanded once. Items that the plan knows are named by digest; others are written out. */
export function expandMap(at: At, found: Metadata<"map.expanded">, how: Expanding): Disorder | undefined {
  const { record, id } = at;
  const { node } = record;
  if (node.kind !== "map") {
    return notInPlan(`map.expanded names ${id}, which is no map`);
  }
  if (record.count !== undefined || record.status !== undefined) {
    return order(`${id} is expanded a second time`);
  }
  if (found.count > node.maxItems) {
    return notInPlan(`${id} is expanded to ${found.count} items, its limit is ${node.maxItems}`);
  }
  const { items } = node;
  const asPlanned = holdsExpression(items)
    ? Array.isArray(found.items) && found.items.length === found.count
    : Array.isArray(items) && items.length === found.count && found.items === digestOfJson(items, how.sha256);
  if (!asPlanned) {
    return notInPlan(`${id} is expanded to other items than the plan's`);
  }
  if (how.instances + found.count * how.perItem > MAX_INSTANCES) {
    return { check: "size", problem: `with the items of ${id} the run has more than ${MAX_INSTANCES} steps in maps` };
  }
  record.count = found.count;
  return undefined;
}
