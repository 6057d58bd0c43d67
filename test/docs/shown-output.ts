/** What differs from run to run: it matches any other of its kind. */
const CHANGING: readonly RegExp[] = [
  /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/,
  /\b\d{2}:\d{2}:\d{2}(?:\.\d{3})?\b/,
  /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/,
  /SHA256:[A-Za-z0-9+/]{43}/,
  /[0-9a-f]{64}/,
  /\b\d+(?:\.\d+)? ?m?s\b/,
];
const changing = new RegExp(`${CHANGING.map(({ source }) => source).join("|")}|\\.\\.\\.`, "g");

const literal = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`);

/** A line of a document as a pattern: `...` stands for any text. */
function linePattern(line: string): string {
  let pattern = "";
  let from = 0;
  for (const { 0: word, index } of line.matchAll(changing)) {
    const kind = CHANGING.find((known) => new RegExp(`^(?:${known.source})$`).test(word));
    pattern += literal(line.slice(from, index)) + (kind === undefined ? ".*" : `(?:${kind.source})`);
    from = index + word.length;
  }
  return `${pattern}${literal(line.slice(from))}[ \\t]*\n`;
}

/**
 * Whether a command printed what a document shows of it. A line of nothing but `...` stands for any lines; times, ids,
 * digests, fingerprints and durations for others of their kind.
 */
export function isAsShown(shown: string, printed: string): boolean {
  const lines = shown.trimEnd().split("\n");
  const pattern = lines.map((line) => (line.trim() === "..." ? "(?:.*\n)*?" : linePattern(line))).join("");
  return new RegExp(`^${pattern}$`).test(`${printed.trimEnd()}\n`);
}
