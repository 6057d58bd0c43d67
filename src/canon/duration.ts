const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `90s`, `1h30m`, `250ms`; undefined when the text is no duration or not a safe integer. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:[0-9]+(?:ms|s|m|h|d))+$/.test(text)) {
    return undefined;
  }
  let total = 0;
  for (const [, count = "", unit = ""] of text.matchAll(/([0-9]+)(ms|s|m|h|d)/g)) {
    total += Number(count) * (UNITS[unit] ?? 0);
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** The shortest text of a duration in whole units: `90000` is `1m30s`, `0` is `0s`. */
export function printDuration(milliseconds: number): string {
  let left = milliseconds;
  let text = "";
  for (const [unit, size] of Object.entries(UNITS).toReversed()) {
    const count = Math.floor(left / size);
    if (count > 0) {
      text += `${count}${unit}`;
      left -= count * size;
    }
  }
  return text === "" ? "0s" : text;
}
