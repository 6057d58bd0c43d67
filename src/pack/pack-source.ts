import type { Range } from "#fault/place.ts";
import type { PackPath } from "./pack.ts";

/** The text of a pack, and where each of its values stands. Ranges are looked up when asked for. */
export type PackSource = {
  /** The name of the file as messages show it. */
  readonly file: string;
  readonly text: string;
  /**
   * The range of the member name (`key`) or of the value at `path`. What does not stand in the text has the range of
   * the nearest thing around it that does; a list item has no name and answers with its value.
   */
  readonly range: (path: PackPath, part: "key" | "value") => Range;
  /**
   * The range of a stretch of the string at `path`, in UTF-16 units of the string's value. Exact for plain and quoted
   * scalars on one line; otherwise the whole scalar.
   */
  readonly offsetRange: (path: PackPath, start: number, end: number) => Range;
};
