import type { ExplainedCode } from "./explained-codes.ts";

/** Lines of a page are no longer, however wide the terminal is. */
const WIDEST = 100;
const INDENT = "  ";

/** What `explain CODE` prints: message, hint, and Cause, Example and Fix below their headings. */
export function codePage(
  code: string,
  { severity, exitCode, message, hint, explanation }: ExplainedCode,
  columns: number,
): string {
  const width = Math.min(columns, WIDEST);
  const head = [`${code} (${severity}, exit code ${exitCode})`, "", ...wrapped(message, width), ...help(hint, width)];
  const parts = explanation.trimEnd().split(/^## /m).slice(1);
  const body = parts.flatMap((part) => {
    const [heading = "", ...lines] = part.trimEnd().split("\n");
    return ["", heading, ...lines.slice(1).flatMap(lineOf(width))];
  });
  return `${[...head, ...body].join("\n")}\n`;
}

function help(hint: string, width: number): readonly string[] {
  return hint === "" ? [] : wrapped(`= help: ${hint}`, width);
}

/** Prose is wrapped; what stands between fences is shown as it is typed. */
function lineOf(width: number): (line: string) => readonly string[] {
  let fenced = false;
  return (line) => {
    if (line.startsWith("```")) {
      fenced = !fenced;
      return [];
    }
    return fenced ? [`${INDENT}${line}`] : wrapped(line, width);
  };
}

/** Commands in backquotes stay on one line, so that they can be copied. */
function wrapped(text: string, width: number): readonly string[] {
  const words = text.match(/(?:`[^`]*`|[^\s`])+/g) ?? [];
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else {
      lines.push(`${INDENT}${word}`);
    }
  }
  return lines;
}
