import { canonicalJson } from "#canon/canonical-json.ts";
import { isJsonObject } from "#canon/json.ts";
import { pointerOf } from "#canon/shape.ts";
import { decodeUtf8 } from "#canon/utf8.ts";

/** Where two plans part: the id of the node, or `""` outside nodes, and the JSON pointer in the plan. */
export type PlanDifference = { readonly node: string; readonly pointer: string };

/** The first place, in the order of the pinned plan, at which two plan files differ; undefined when they do not. */
export function firstDifference(pinned: Uint8Array, fresh: Uint8Array): PlanDifference | undefined {
  const [a, b] = [parse(pinned), parse(fresh)];
  const path = differingPath(a, b);
  return path === undefined ? undefined : { node: nodeAt(a, path), pointer: pointerOf(path) };
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decodeUtf8(bytes) ?? "");
  } catch {
    return undefined;
  }
}

type Path = readonly (string | number)[];

function differingPath(a: unknown, b: unknown): Path | undefined {
  if (Array.isArray(a) && Array.isArray(b)) {
    return differingMember(
      a.length > b.length ? a.keys() : b.keys(),
      (at) => a[at],
      (at) => b[at],
    );
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return differingMember(
      names,
      (name) => a[name],
      (name) => b[name],
    );
  }
  return same(a, b) ? undefined : [];
}

function differingMember<K extends string | number>(
  keys: Iterable<K>,
  left: (key: K) => unknown,
  right: (key: K) => unknown,
): Path | undefined {
  for (const key of keys) {
    const inner = differingPath(left(key), right(key));
    if (inner !== undefined) {
      return [key, ...inner];
    }
  }
  return undefined;
}

function same(a: unknown, b: unknown): boolean {
  return a === b || (a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b));
}

/** The node that a path leads into: `/steps/3/…` is the fourth step. */
function nodeAt(plan: unknown, [list, at]: Path): string {
  const nodes = isJsonObject(plan) && (list === "steps" || list === "finally") ? plan[list] : undefined;
  const node: unknown = Array.isArray(nodes) && typeof at === "number" ? nodes[at] : undefined;
  return isJsonObject(node) && typeof node["id"] === "string" ? node["id"] : "";
}
