import { isJsonObject } from "./json.ts";
import type { PathPart } from "./shape.ts";

/**
 * The path of a value that lies in more than `most` arrays and objects, the first in order; undefined where none does. It
 * goes no deeper than that itself, so that no depth overflows the stack.
 */
export function pathBelow(most: number, value: unknown): readonly PathPart[] | undefined {
  if (most < 0) {
    return [];
  }
  const members = Array.isArray(value) ? value.entries() : isJsonObject(value) ? Object.entries(value) : [];
  for (const [part, member] of members) {
    const path = pathBelow(most - 1, member);
    if (path !== undefined) {
      return [part, ...path];
    }
  }
  return undefined;
}
