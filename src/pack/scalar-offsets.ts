/** How many units of the value each escape letter of a double-quoted scalar is followed by (YAML 1.2.2, section 5.7). */
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

type Stretch = { readonly start: number; readonly end: number };

/**
 * The stretch of a scalar's source that stands for `start`..`end` of its value (UTF-16 units), relative to the source.
 * Undefined where a value's units do not stand in the source as they are: quoted and plain scalars of several lines, block
 * scalars that say their indentation, folded ones with lines that stay lines.
 */
export function offsetsInScalar(
  source: string,
  type: string | null | undefined,
  start: number,
  end: number,
): Stretch | undefined {
  if (type === "BLOCK_LITERAL" || type === "BLOCK_FOLDED") {
    return block(source, type === "BLOCK_FOLDED", start, end);
  }
  if (source.includes("\n")) {
    return undefined;
  }
  switch (type ?? "") {
    case "PLAIN":
      return { start: Math.min(start, source.length), end: Math.min(end, source.length) };
    case "QUOTE_SINGLE":
      return quoted(source, start, end, (at) => ({ source: source[at] === "'" ? 2 : 1, value: 1 }));
    case "QUOTE_DOUBLE":
      return quoted(source, start, end, (at) => escapeAt(source, at));
    default:
      return undefined;
  }
}

/**
 * In a block scalar each line of the source is its indentation and then the value's own text, and each line end is one unit
 * of the value: a line end, or the space that folding makes of it.
 */
function block(source: string, folded: boolean, start: number, end: number): Stretch | undefined {
  const [header = "", ...lines] = source.trimEnd().split("\n");
  const indent = /^ */.exec(lines.find((line) => line.trim() !== "") ?? "")?.[0].length ?? 0;
  const texts = lines.map((line) => line.slice(indent));
  if (/[0-9\r]/.test(header) || (folded && texts.some((text) => text === "" || /^[ \t]/.test(text)))) {
    return undefined;
  }
  const sourceOf = (wanted: number): number => {
    let at = header.length + 1;
    let value = 0;
    for (const [index, text] of texts.entries()) {
      if (wanted <= value + text.length) {
        return at + Math.min(indent, lines[index]?.length ?? 0) + (wanted - value);
      }
      at += (lines[index]?.length ?? 0) + 1;
      value += text.length + 1;
    }
    return source.trimEnd().length;
  };
  const from = sourceOf(start);
  return { start: from, end: Math.max(from, sourceOf(end)) };
}

/** How long the character at a place is in the source and in the value. */
type Step = { readonly source: number; readonly value: number };

function quoted(
  source: string,
  start: number,
  end: number,
  stepAt: (at: number) => Step,
): { readonly start: number; readonly end: number } {
  const last = source.length - 1;
  let at = 1;
  let value = 0;
  let from: number | undefined;
  while (at < last && value < end) {
    from ??= value >= start ? at : undefined;
    const step = stepAt(at);
    at += step.source;
    value += step.value;
  }
  const to = Math.min(at, last);
  return { start: Math.min(from ?? to, to), end: to };
}

function escapeAt(source: string, at: number): Step {
  if (source[at] !== "\\") {
    return { source: 1, value: 1 };
  }
  const letter = source[at + 1] ?? "";
  const digits = HEX_DIGITS[letter] ?? 0;
  const isAstral = letter === "U" && Number.parseInt(source.slice(at + 2, at + 10), 16) > 0xffff;
  return { source: 2 + digits, value: isAstral ? 2 : 1 };
}
