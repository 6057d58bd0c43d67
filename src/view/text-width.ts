import { visibleText } from "./visible-text.ts";

/**
 * Columns that a text takes in a terminal, rather too many than too few: what is thought wide leaves a gap, what is
 * thought narrow breaks the line. Source: Unicode Standard Annex #11 (wide and fullwidth), as terminals follow it.
 */
export function textWidth(text: string): number {
  if (PLAIN.test(text)) {
    return text.length;
  }
  let width = 0;
  for (const character of text) {
    width += characterWidth(character);
  }
  return width;
}

/** Texts of one width, that of the widest, with spaces behind them. */
export function padded(texts: readonly string[]): readonly string[] {
  const widths = texts.map(textWidth);
  const widest = widths.reduce((most, width) => Math.max(most, width), 0);
  return texts.map((text, at) => text + " ".repeat(widest - (widths[at] ?? 0)));
}

/** Text on one line, safe to show, in at most `columns`: cut off at its end. */
export function fitEnd(text: string, columns: number): string {
  const line = oneLine(text, columns);
  return textWidth(line) <= columns ? line : `${startOf(line, columns - 1)}${columns > 0 ? "…" : ""}`;
}

/** The same, cut out of its middle: names differ in their ends. */
export function fitMiddle(text: string, columns: number): string {
  const line = visibleText(text);
  if (textWidth(line) <= columns || columns < 1) {
    return fitEnd(line, columns);
  }
  const end = Math.floor((columns - 1) / 2);
  const backwards = [...line].toReversed().join("");
  return `${startOf(line, columns - 1 - end)}…${[...startOf(backwards, end)].toReversed().join("")}`;
}

/** No character takes more than `MOST_UNITS` code units before it takes a column: a long line is not read to its end. */
const MOST_UNITS = 8;

function oneLine(text: string, columns: number): string {
  return visibleText(text.slice(0, Math.max(0, columns + 1) * MOST_UNITS).replaceAll(/\s/g, " "));
}

function startOf(line: string, columns: number): string {
  let width = 0;
  let start = "";
  for (const character of line) {
    width += characterWidth(character);
    if (width > columns) {
      return start;
    }
    start += character;
  }
  return start;
}

function characterWidth(character: string): number {
  if (WIDE.test(character)) {
    return 2;
  }
  return NO_WIDTH.test(character) ? 0 : 1;
}

const PLAIN = /^[\u0020-\u007e]*$/;

/** Combining and invisible characters; not U+FE0F, which turns the narrow sign before it into a wide one. */
const NO_WIDTH = /^(?!\ufe0f)[\p{Mn}\p{Me}\p{Cf}]$/u;

const WIDE =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{16fe0}-\u{18dff}\u{1aff0}-\u{1b2ff}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;
