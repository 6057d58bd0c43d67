const UNITS: readonly (readonly [string, number])[] = [
  ["Ti", 1024 ** 4],
  ["Gi", 1024 ** 3],
  ["Mi", 1024 ** 2],
  ["Ki", 1024],
  ["T", 1e12],
  ["G", 1e9],
  ["M", 1e6],
  ["k", 1e3],
];

/** Bytes of `512Mi`, `1G`, `100`; undefined when the text is no size or not a safe integer. */
export function parseByteSize(text: string): number | undefined {
  const match = /^([0-9]+)(Ti|Gi|Mi|Ki|T|G|M|k)?$/.exec(text);
  if (match === null) {
    return undefined;
  }
  const size = UNITS.find(([unit]) => unit === match[2])?.[1] ?? 1;
  const bytes = Number(match[1]) * size;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The text of a size in the largest binary unit that holds it whole: `536870912` is `512Mi`. */
export function printByteSize(bytes: number): string {
  const unit = UNITS.find(([name, size]) => name.endsWith("i") && bytes >= size && bytes % size === 0);
  return unit === undefined ? String(bytes) : `${bytes / unit[1]}${unit[0]}`;
}
