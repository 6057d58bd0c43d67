import { nearestName } from "#fault/did-you-mean.ts";
import { faultOf } from "#fault/code-table.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import type { NodeKind } from "#plan/plan.ts";
import { templateIdOf, type Graph, type GraphNode } from "#run/graph.ts";
import { viewCodes } from "./codes.ts";

/** What a pretended step does. */
export type Act = "succeed" | "fail" | "skip" | "expire";

/** What somebody assumes of a step: by its id in the plan (every iteration) or by that of one iteration. */
export type Assumption = { readonly step: string; readonly status: string; readonly act: Act };

const ACTS: Readonly<Record<NodeKind, Readonly<Record<string, Act>>>> = {
  run: { succeeded: "succeed", failed: "fail", skipped: "skip" },
  parallel: { skipped: "skip" },
  map: { skipped: "skip" },
  "gate.approval": { succeeded: "succeed", failed: "fail", rejected: "fail", expired: "expire" },
  "gate.policy": { succeeded: "succeed", failed: "fail", denied: "fail", skipped: "skip" },
};

/**
 * Reads `STEP=STATUS` texts; a later one about the same step replaces an earlier one. A step inside a map may be named
 * without the maps around it. Faults: ASSUME_FORM, ASSUME_STEP, ASSUME_STATUS.
 */
export function readAssumptions(texts: readonly string[], graph: Graph): Result<ReadonlyMap<string, Assumption>> {
  const found = new Map<string, Assumption>();
  for (const text of texts) {
    const read = readAssumption(text, graph);
    if (!read.ok) {
      return read;
    }
    found.set(read.value.step, read.value);
  }
  return ok(found);
}

function readAssumption(text: string, graph: Graph): Result<Assumption> {
  const [, name = "", status = ""] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (name === "") {
    return fail(faultOf(viewCodes, "ASSUME_FORM", { text: JSON.stringify(text) }));
  }
  const at = graph.byId.get(templateIdOf(name)) ?? graph.byName.get(name);
  if (at === undefined || !mayExist(name, at)) {
    return fail(unknownStep(name, graph));
  }
  const { kind, id } = at.node;
  const ofOneIteration = /\[\d/.test(name);
  const allowed = Object.entries(ACTS[kind]).filter(([, act]) => !(ofOneIteration && act === "skip"));
  const act = allowed.find(([word]) => word === status)?.[1];
  if (act === undefined) {
    const words = allowed.map(([word]) => word).join(", ");
    const data = { status: JSON.stringify(status), step: name, kind, allowed: words === "" ? "nothing" : words };
    return fail(faultOf(viewCodes, "ASSUME_STATUS", data));
  }
  return ok({ step: ofOneIteration ? name : id, status, act });
}

function unknownStep(name: string, graph: Graph) {
  const near = nearestName(name, [...graph.byId.keys(), ...graph.byName.keys()]);
  const hint = near === undefined ? {} : { hint: `did you mean ${near}?` };
  return faultOf(viewCodes, "ASSUME_STEP", { step: JSON.stringify(name) }, hint);
}

/** Whether each iteration that the name gives can be one of its map. */
function mayExist(name: string, at: GraphNode): boolean {
  const items = [...name.matchAll(/\[(\d+|\*)\]/g)].map(([, item = ""]) => item);
  let map = at.parent;
  for (const item of items.toReversed()) {
    while (map !== undefined && map.node.kind !== "map") {
      map = map.parent;
    }
    if (item !== "*" && (map?.node.kind !== "map" || !hasItem(map.node.items, Number(item)))) {
      return false;
    }
    map = map?.parent;
  }
  return !(items.includes("*") && items.some((item) => item !== "*"));
}

function hasItem(items: unknown, index: number): boolean {
  return Array.isArray(items) && index < items.length;
}
