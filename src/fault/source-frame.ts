import type { Diagnostic } from "./diagnostic.ts";
import type { Range } from "./place.ts";

type FrameStyle = "error" | "warning" | "info" | "gutter" | "caret" | "hint";

export type FrameOptions = {
  /** Puts a text into a style; for plain text, returns it as it is. */
  readonly color: (style: FrameStyle, text: string) => string;
};

/** The columns of source that a frame shows at most; longer lines are cropped around the caret. */
const WIDTH = 100;
const TAB = "    ";
/** Stands where a line was cropped. */
const CROPPED = "…";

/** Gives a line of the source by its number, from 1; the empty string for one that is not there. */
type LineOf = (number: number) => string;

/**
 * Shows diagnostics of one text, whose lines are looked for once: each as text, with the line that it is about and a
 * caret under the place. No character of the source or the messages reaches a terminal as a control: they are escaped.
 * Ends without a line feed.
 */
export function diagnosticRenderer(
  sourceText: string | undefined,
  { color }: FrameOptions,
): (diagnostic: Diagnostic) => string {
  const lineOf = sourceText === undefined ? undefined : linesOf(sourceText);
  return ({ code, severity, message, hint, file, range, related = [] }) => {
    const numbers = [range, ...related.map((other) => other.range)].map((at) => at?.start.line ?? 0);
    const gutter = " ".repeat(String(Math.max(...numbers)).length);
    const point = (at: string, of: Range | undefined): readonly string[] => [
      `${color("gutter", `${gutter}-->`)} ${place(at, of)}`,
      ...(of === undefined || lineOf === undefined || at !== file
        ? []
        : [color("gutter", `${gutter} |`), ...frame(lineOf, of, gutter, color)]),
    ];
    const note = (text: string): string => `${color("gutter", `${gutter} =`)} ${text}`;
    return [
      `${color(severity, `${severity}[${code}]`)}: ${printable(message)}`,
      ...point(file, range),
      ...related.flatMap((other) => [note(`note: ${printable(other.message)}`), ...point(other.file, other.range)]),
      ...(hint === undefined || hint === "" ? [] : [note(`${color("hint", "help:")} ${printable(hint)}`)]),
      note(`see: packrun explain ${code}`),
    ].join("\n");
  };
}

function place(file: string, range: Range | undefined): string {
  const at = range === undefined ? "" : `:${range.start.line}:${range.start.column}`;
  return `${printable(file)}${at}`;
}

/** The line of source and the line of carets. A range over several lines is marked to the end of its first. */
function frame(lineOf: LineOf, range: Range, gutter: string, color: FrameOptions["color"]): readonly string[] {
  const line = lineOf(range.start.line);
  const start = Math.min(range.start.column - 1, line.length);
  const end = range.end.line > range.start.line ? line.length : Math.min(range.end.column - 1, line.length);
  const window = crop(line, start);
  const before = printable(line.slice(window.from, start));
  const marked = printable(line.slice(start, Math.min(Math.max(end, start + 1), window.to)));
  const source = `${window.from > 0 ? CROPPED : ""}${printable(line.slice(window.from, window.to))}`;
  const shown = `${source.trimEnd()}${window.to < line.length ? CROPPED : ""}`;
  const indent = " ".repeat((window.from > 0 ? 1 : 0) + columns(before));
  const number = String(range.start.line).padStart(gutter.length);
  const carets = "^".repeat(Math.max(1, columns(marked)));
  return [
    `${color("gutter", `${number} |`)}${shown === "" ? "" : ` ${shown}`}`,
    `${color("gutter", `${gutter} |`)} ${indent}${color("caret", carets)}`,
  ];
}

/** The stretch of a long line to show, so that `start` stands in its first third. */
function crop(line: string, start: number): { readonly from: number; readonly to: number } {
  if (line.length <= WIDTH) {
    return { from: 0, to: line.length };
  }
  const from = Math.max(0, Math.min(start - Math.floor(WIDTH / 3), line.length - WIDTH));
  return { from: wholeCharacter(line, from), to: wholeCharacter(line, Math.min(from + WIDTH, line.length)) };
}

/** Never between the halves of a surrogate pair. */
function wholeCharacter(line: string, at: number): number {
  return /[\uDC00-\uDFFF]/.test(line.charAt(at)) && at > 0 ? at - 1 : at;
}

function linesOf(text: string): LineOf {
  const lines = text.split("\n");
  return (number) => {
    const line = lines[number - 1] ?? "";
    return line.endsWith("\r") ? line.slice(0, -1) : line;
  };
}

/** Tabs as spaces; controls, format characters (bidi controls among them) and lone surrogates as `\u{…}`. */
function printable(text: string): string {
  return text.replaceAll("\t", TAB).replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (found) => {
    const code = found.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16).toUpperCase()}}`;
  });
}

/** How many terminal columns a printable text takes: wide (East Asian, emoji) characters two, combining marks none. */
function columns(text: string): number {
  let count = 0;
  for (const character of text) {
    count += widthOf(character);
  }
  return count;
}

function widthOf(character: string): number {
  if (/\p{M}/u.test(character)) {
    return 0;
  }
  return WIDE.test(character) ? 2 : 1;
}

/** Unicode Standard Annex 11, W and F, by script and block. */
const WIDE =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\p{Emoji_Presentation}\u{20000}-\u{3FFFD}]/u;
