/**
 * A file as parts one after the other: text, bytes in base64, or `[from, length]`: as many bytes from this place on of the
 * original and, behind its end, of what was made so far.
 */
export type Delta = readonly (string | { readonly base64: string } | readonly [number, number])[];

/** The shortest stretch that is copied. */
const LEAST = 24;
const indexes = new WeakMap<Uint8Array, ReadonlyMap<string, number>>();

/** Where each stretch of the shortest length stands for the first time. */
function indexOf(old: Uint8Array): ReadonlyMap<string, number> {
  const known = indexes.get(old);
  if (known !== undefined) {
    return known;
  }
  const text = Buffer.from(old).toString("latin1");
  const index = new Map<string, number>();
  for (let at = text.length - LEAST; at >= 0; at -= 1) {
    index.set(text.slice(at, at + LEAST), at);
  }
  indexes.set(old, index);
  return index;
}

export function deltaOf(old: Uint8Array, now: Uint8Array): Delta {
  const all = Buffer.concat([old, now]).toString("latin1");
  const index = indexOf(old);
  const made = new Map<string, number>();
  const parts: Delta[number][] = [];
  let literal = old.length;
  /** Where the original goes on, if nothing was put in or left out. */
  let next = 0;
  let at = old.length;
  const close = (): void => {
    if (literal < at) {
      parts.push(written(now.subarray(literal - old.length, at - old.length)));
    }
  };
  while (at < all.length) {
    const stretch = all.slice(at, at + LEAST);
    const goesOn = next + LEAST <= old.length && all.startsWith(stretch, next) ? next : undefined;
    const from = stretch.length < LEAST ? undefined : (goesOn ?? index.get(stretch) ?? made.get(stretch));
    if (from === undefined) {
      made.set(all.slice(at - LEAST, at), at - LEAST);
      at += 1;
      continue;
    }
    close();
    const end = from < old.length ? old.length : at;
    let length = LEAST;
    while (at + length < all.length && from + length < end && all[at + length] === all[from + length]) {
      length += 1;
    }
    parts.push([from, length]);
    at += length;
    literal = at;
    next = from < old.length ? from + length : next + length;
  }
  close();
  return parts;
}

export function undelta(old: Uint8Array, delta: Delta): Uint8Array {
  let made = Buffer.from(old);
  for (const part of delta) {
    if (typeof part === "string") {
      made = Buffer.concat([made, Buffer.from(part)]);
    } else if ("base64" in part) {
      made = Buffer.concat([made, Buffer.from(part.base64, "base64")]);
    } else {
      const [from, length] = part;
      made = Buffer.concat([made, made.subarray(from, from + length)]);
    }
  }
  return made.subarray(old.length);
}

/** Text where the bytes are some, so that a reader sees what was changed. */
function written(bytes: Uint8Array): string | { readonly base64: string } {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return Buffer.compare(Buffer.from(text), bytes) === 0 ? text : { base64: Buffer.from(bytes).toString("base64") };
}
