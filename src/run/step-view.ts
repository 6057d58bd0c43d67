import type { Json } from "#canon/json.ts";
import type { GraphNode } from "./graph.ts";
import { isLeft, type Instance } from "./instance.ts";
import { entryOf } from "./run-record.ts";
import type { RunState } from "./state.ts";
import type { Value } from "./value.ts";

/** A map around a step, and the iteration that the step is in. */
export type Iteration = { readonly map: Instance; readonly index: number };

/** The iterations around an instance, the outermost first; none for the run as a whole. */
export function iterationsOf(instance: Instance | undefined): readonly Iteration[] {
  const found: Iteration[] = [];
  for (let at = instance; at?.parent !== undefined; at = at.parent) {
    if (at.parent.at.node.kind === "map") {
      found.unshift({ map: at.parent, index: at.item });
    }
  }
  return found;
}

/** The items of an expanded map. */
export function itemsOf(state: RunState, map: Instance): readonly Json[] {
  const { node } = map.at;
  const recorded = entryOf(state.maps, map.id)?.items;
  return recorded ?? (node.kind === "map" && Array.isArray(node.items) ? (node.items as readonly Json[]) : []);
}

/**
 * What an expression of `viewer` sees as `steps.<name>`: the step of its own iteration in maps that both are in, and a
 * list in item order for every map that only the step is in, `null` where an item did not succeed.
 */
export function viewOfStep(state: RunState, target: GraphNode, viewer: Instance | undefined): Json {
  const maps = mapsAround(target);
  let prefix = "";
  let shared = 0;
  for (const { map, index } of iterationsOf(viewer)) {
    if (maps[shared] !== map.at) {
      break;
    }
    prefix = `${map.id}[${index}]::`;
    shared += 1;
  }
  const [map, ...inner] = maps.slice(shared);
  return map === undefined
    ? viewOfInstance(state, prefix + target.name, false)
    : listOf(state, prefix + map.name, inner, target);
}

/** Every item of another map may ask for the list of this one: once this one has ended, it is made only once. */
function listOf(state: RunState, id: string, inner: readonly GraphNode[], target: GraphNode): Json {
  const { lists, byId } = state.live;
  const key = `${id} ${target.name}`;
  const known = lists.get(key);
  if (known !== undefined) {
    return known;
  }
  const list = viewOfItems(state, id, inner, target);
  const map = byId.get(id);
  if (map !== undefined && !isLeft(map)) {
    lists.set(key, list);
  }
  return list;
}

function mapsAround(target: GraphNode): readonly GraphNode[] {
  const found: GraphNode[] = [];
  for (let at = target.parent; at !== undefined; at = at.parent) {
    if (at.node.kind === "map") {
      found.unshift(at);
    }
  }
  return found;
}

function viewOfItems(state: RunState, id: string, maps: readonly GraphNode[], target: GraphNode): Json {
  const [map, ...inner] = maps;
  const { count = 0 } = entryOf(state.maps, id) ?? {};
  return Array.from({ length: count }, (_, index) => {
    const prefix = `${id}[${index}]::`;
    return map === undefined
      ? viewOfInstance(state, prefix + target.name, true)
      : viewOfItems(state, prefix + map.name, inner, target);
  });
}

function viewOfInstance(state: RunState, id: string, listed: boolean): Json {
  const { status = "pending", outputs = {} } = entryOf(state.steps, id) ?? {};
  if (listed && status !== "succeeded") {
    return null;
  }
  return { status, outputs: Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, plain(value)])) };
}

/** A value as expressions see it: typed ones bare, files and directories by their reference. */
function plain(value: Value): Json {
  return value.type === "file" || value.type === "directory" ? value : value.value;
}
