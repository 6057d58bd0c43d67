import type { PathPart } from "./shape.ts";

/** What stands in plain data at a path; undefined where nothing does. */
export function memberAt(value: unknown, path: readonly PathPart[]): unknown {
  let found = value;
  for (const part of path) {
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, part)
        ? (found as Readonly<Record<PathPart, unknown>>)[part]
        : undefined;
  }
  return found;
}
