import type { Event, Node, Plan } from "./release.ts";

export type Status = { readonly id: string; readonly kind: string; readonly status: string };

/** Statuses of all instances as SPEC.md 5.2 and 9.4 give them, whether the ledger keeps any order or not. */
export function statusesOf(plan: Plan, events: readonly Event[]): readonly Status[] {
  // The first end counts: another one breaks a rule, and says nothing.
  const own = new Map(events.flatMap((event) => endOf(event, plan)).toReversed());
  const counts = new Map(
    events.flatMap(({ eventType, stepId = "", metadata }) =>
      eventType === "map.expanded" ? [[stepId, Number(metadata["count"])] as const] : [],
    ),
  );
  const all = [...plan.steps, ...plan.finally];
  const below = (node: Node, id: string): readonly (readonly [Node, string])[] => {
    const children = all.filter((child) => child.parent === node.id);
    if (node.kind !== "map") {
      return children.map((child) => [child, id.slice(0, id.length - lastOf(node.id).length) + lastOf(child.id)]);
    }
    const items = Array.from({ length: counts.get(id) ?? 0 }, (_, item) => item);
    return items.flatMap((item) => children.map((child) => [child, `${id}[${item}]::${lastOf(child.id)}`] as const));
  };
  const walk = (node: Node, id: string, isSkipped: boolean): readonly Status[] => {
    const said = own.get(id);
    const inside = below(node, id).flatMap(([child, childId]) => {
      const found = walk(child, childId, isSkipped || said !== undefined);
      return [{ child, found }];
    });
    const status =
      said ??
      (isSkipped
        ? "skipped"
        : derived(
            node,
            inside.map(({ child, found }) => [child, found[0]?.status ?? ""]),
          ));
    return [{ id, kind: node.kind, status }, ...inside.flatMap(({ found }) => found)];
  };
  return all.filter((node) => node.parent === null).flatMap((node) => walk(node, node.id, false));
}

const lastOf = (id: string): string => id.split("::").at(-1) ?? "";

function derived(node: Node, children: readonly (readonly [Node, string])[]): string {
  if (node.kind !== "map" && node.kind !== "parallel") {
    return "pending";
  }
  const failed = children.some(([child, status]) => status === "failed" && child["continueOnError"] !== true);
  return failed ? "failed" : children.some(([, status]) => status === "cancelled") ? "cancelled" : "succeeded";
}

const ENDS: Readonly<Record<string, string>> = {
  "step.succeeded": "succeeded",
  "gate.passed": "succeeded",
  "step.failed": "failed",
  "gate.rejected": "failed",
  "gate.expired": "failed",
  "step.cancelled": "cancelled",
  "step.skipped": "skipped",
};

function endOf({ eventType, stepId, metadata }: Event, plan: Plan): readonly (readonly [string, string])[] {
  if (stepId === undefined) {
    return [];
  }
  if (eventType === "policy.evaluated") {
    const node = plan.steps.find(({ id }) => id === stepId);
    const passes =
      metadata["allowed"] === true || (metadata["code"] === "POLICY_DENIED" && node?.["failAction"] === "continue");
    return [[stepId, passes ? "succeeded" : "failed"]];
  }
  const status = ENDS[eventType];
  return status === undefined ? [] : [[stepId, status]];
}
