import { readFileSync } from "node:fs";
import { join } from "node:path";

export const PROJECT = join(import.meta.dirname, "../..");

/** A fenced block of a document, with the line that it begins in and the headings that it stands below, outermost first. */
export type Block = {
  readonly language: string;
  readonly text: string;
  readonly line: number;
  readonly headings: readonly string[];
};

/** Every fenced block of a document of this project, in its order. */
export function blocksOf(file: string): readonly Block[] {
  const blocks: Block[] = [];
  const headings: string[] = [];
  let open: { readonly language: string; readonly line: number; readonly lines: string[] } | undefined;
  for (const [at, line] of readFileSync(join(PROJECT, file), "utf8").split("\n").entries()) {
    const [, fence] = /^```(\S*)/.exec(line) ?? [];
    if (open !== undefined && fence === "") {
      const text = open.lines.map((shown) => `${shown}\n`).join("");
      blocks.push({ language: open.language, text, line: open.line, headings: headings.filter(Boolean) });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(line);
    } else if (fence !== undefined) {
      open = { language: fence, line: at + 1, lines: [] };
    } else if (/^#+ /.test(line)) {
      const depth = line.indexOf(" ");
      headings.length = Math.min(headings.length, depth - 1);
      headings[depth - 1] = line;
    }
  }
  return blocks;
}

/** Languages of blocks that are commands. */
export const COMMANDS: readonly string[] = ["sh", "console"];

/** The shell commands that a document shows below this heading: each fenced block, as it stands. */
export function documented(file: string, heading: string): readonly string[] {
  const found = blocksOf(file).filter(({ language, headings }) => language === "sh" && headings.includes(heading));
  if (found.length === 0) {
    throw new Error(`${file} shows no shell commands below "${heading}"`);
  }
  return found.map(({ text }) => text);
}
