import { Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { PathPart } from "#canon/shape.ts";
import type { Range } from "#fault/place.ts";
import type { LineIndex } from "./line-index.ts";
import { offsetsInScalar } from "./scalar-offsets.ts";
import { extentOf } from "./yaml-tree.ts";

/** The text of a pack, and where each of its values stands. Ranges are looked up when asked for. */
export type PackSource = {
  /** The name of the file as messages show it. */
  readonly file: string;
  readonly text: string;
  /** What stands in a range. */
  readonly textAt: (range: Range) => string;
  /**
   * The range of the member name (`key`) or of the value at `path`. What does not stand in the text has the range of
   * the nearest thing around it that does; a list item has no name and answers with its first line's name or value.
   */
  readonly range: (path: readonly PathPart[], part: "key" | "value") => Range;
  /**
   * The range of a stretch of the string at `path`, in UTF-16 units of the string's value. Exact for plain and quoted
   * scalars on one line and for most block scalars; otherwise the whole scalar.
   */
  readonly offsetRange: (path: readonly PathPart[], start: number, end: number) => Range;
  /** The path of the innermost value or member that begins at or before a place and has not been followed by another. */
  readonly pathAt: (place: Range["start"]) => readonly PathPart[];
};

type Spot = { readonly key: unknown; readonly value: unknown };
/** Members of large mappings by name, made when the mapping is first looked into. */
type Index = WeakMap<YAMLMap, ReadonlyMap<string, Spot>>;

export function packSource(file: string, text: string, lines: LineIndex, root: unknown): PackSource {
  const index: Index = new WeakMap();
  const rangeOf = (node: unknown): Range => {
    const { start, end } = extentOf(node);
    return lines.range(start, start + Math.max(text.slice(start, end).trimEnd().length, Math.min(1, end - start)));
  };
  return {
    file,
    text,
    pathAt: (place) => pathAt(root, lines.offset(place)),
    textAt: ({ start, end }) => text.slice(lines.offset(start), lines.offset(end)),
    range: (path, part) => {
      const { spot, whole } = find(root, path, index);
      if (whole && part === "value") {
        return rangeOf(isPresent(spot.value) ? spot.value : (spot.key ?? spot.value));
      }
      return rangeOf(spot.key ?? firstOf(spot.value));
    },
    offsetRange: (path, start, end) => {
      const { spot, whole } = find(root, path, index);
      const node = spot.value;
      const extent = extentOf(node);
      if (!whole || !(node instanceof Scalar)) {
        return rangeOf(spot.key ?? firstOf(node));
      }
      const offsets = offsetsInScalar(text.slice(extent.start, extent.end), node.type, start, end);
      return offsets === undefined
        ? rangeOf(node)
        : lines.range(extent.start + offsets.start, extent.start + offsets.end);
    },
  };
}

/** The deepest thing on the way to `path`; `whole` when that is the end of it. */
function find(root: unknown, path: readonly PathPart[], index: Index): { spot: Spot; whole: boolean } {
  let spot: Spot = { key: undefined, value: root };
  for (const part of path) {
    const next = childOf(spot.value, part, index);
    if (next === undefined) {
      return { spot, whole: false };
    }
    spot = next;
  }
  return { spot, whole: true };
}

function childOf(node: unknown, part: PathPart, index: Index): Spot | undefined {
  if (node instanceof YAMLSeq && typeof part === "number") {
    const item: unknown = node.items[part];
    return item === undefined ? undefined : { key: undefined, value: item };
  }
  if (!(node instanceof YAMLMap)) {
    return undefined;
  }
  let members = index.get(node);
  if (members === undefined) {
    members = membersOf(node);
    index.set(node, members);
  }
  return members.get(String(part));
}

function pathAt(root: unknown, offset: number): readonly PathPart[] {
  const path: PathPart[] = [];
  let node = root;
  while (node instanceof YAMLMap || node instanceof YAMLSeq) {
    const items: readonly unknown[] = node.items;
    const at = items.findLastIndex((item) => startOf(item) <= offset);
    const item = items[at];
    if (item === undefined || startOf(node) > offset) {
      return path;
    }
    const name = item instanceof Pair ? nameOf(item.key) : at;
    if (name === undefined) {
      return path;
    }
    path.push(name);
    node = item instanceof Pair ? item.value : item;
  }
  return path;
}

function startOf(item: unknown): number {
  return extentOf(item instanceof Pair ? (item.key ?? item.value) : item).start;
}

function nameOf(key: unknown): string | undefined {
  return key instanceof Scalar ? (typeof key.value === "string" ? key.value : (key.source ?? "")) : undefined;
}

/** Of equal keys the first counts, as it does for the value. */
function membersOf(map: YAMLMap): ReadonlyMap<string, Spot> {
  const members = new Map<string, Spot>();
  for (const { key, value } of map.items) {
    const name = nameOf(key);
    if (name !== undefined && !members.has(name)) {
      members.set(name, { key, value });
    }
  }
  return members;
}

/** What to point at for a collection: its first member's name or first item, never all of its lines. */
function firstOf(node: unknown): unknown {
  if (node instanceof YAMLMap || node instanceof YAMLSeq) {
    const first: unknown = node.items[0];
    const inner: unknown = first instanceof Pair ? first.key : first;
    return inner === undefined || inner === null ? node : firstOf(inner);
  }
  return node;
}

function isPresent(node: unknown): boolean {
  const { start, end } = extentOf(node);
  return end > start;
}
