/** How many units of the value each escape letter of a double-quoted scalar is followed by (YAML 1.2.2, section 5.7). */
const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The stretch of a scalar's source that stands for `start`..`end` of its value (UTF-16 units), relative to the source.
 * Undefined where a value's units do not stand one after the other in one line of the source: block scalars, folded
 * lines.
 */
export function offsetsInScalar(
  source: string,
  type: string | null | undefined,
  start: number,
  end: number,
): { readonly start: number; readonly end: number } | undefined {
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
