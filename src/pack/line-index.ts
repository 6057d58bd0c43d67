import type { Position, Range } from "#fault/place.ts";

/** Turns offsets of a text (UTF-16 units) into lines and columns. Lines end with `\n`; a `\r` before it is part of them. */
export type LineIndex = {
  readonly position: (offset: number) => Position;
  readonly range: (start: number, end: number) => Range;
  /** The offset of a position that this index gave. */
  readonly offset: (position: Position) => number;
};

/** The lines are counted when the first position is asked for: a text without findings never pays for it. */
export function lineIndex(text: string): LineIndex {
  let starts: readonly number[] | undefined;
  const position = (offset: number): Position => {
    starts ??= lineStarts(text);
    const line = lastAtOrBefore(starts, Math.min(Math.max(offset, 0), text.length));
    return { line: line + 1, column: Math.min(Math.max(offset, 0), text.length) - (starts[line] ?? 0) + 1 };
  };
  const offset = ({ line, column }: Position): number => {
    starts ??= lineStarts(text);
    return (starts[line - 1] ?? text.length) + column - 1;
  };
  return { position, offset, range: (start, end) => ({ start: position(start), end: position(Math.max(start, end)) }) };
}

function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    starts.push(at + 1);
  }
  return starts;
}

function lastAtOrBefore(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}
