/** Parameters of RFC 3492, section 5. */
const BASE = 36;
const LEAST = 1;
const MOST = 26;
const SKEW = 38;
const DAMP = 700;
const FIRST_BIAS = 72;
/** The first code point that is not ASCII. */
const FIRST_CODE = 128;

type Delta = { readonly value: number; readonly end: number };

/**
 * True when a text in lower case is Punycode (RFC 3492) of characters that are not all ASCII: what follows `xn--` in a
 * label of a name. Nothing else is asked of the characters (RFC 5892 tells which of them a name may have).
 */
export function isPunycode(text: string): boolean {
  const hyphen = text.lastIndexOf("-");
  if (hyphen === 0 || hyphen === text.length - 1) {
    return false;
  }
  let length = Math.max(hyphen, 0);
  let bias = FIRST_BIAS;
  let code = FIRST_CODE;
  let place = 0;
  for (let at = hyphen + 1; at < text.length;) {
    const delta = readDelta(text, at, bias);
    if (delta === undefined) {
      return false;
    }
    bias = adapted(delta.value, length + 1, at === hyphen + 1);
    length += 1;
    place += delta.value;
    code += Math.floor(place / length);
    // A number too large to be exact is far beyond the last code point, too.
    if (!isScalar(code)) {
      return false;
    }
    place = (place % length) + 1;
    at = delta.end;
  }
  return true;
}

/** One number of variable length; undefined where it does not end, or has what is no digit. */
function readDelta(text: string, start: number, bias: number): Delta | undefined {
  let value = 0;
  let weight = 1;
  for (let at = start, k = BASE; at < text.length; at += 1, k += BASE) {
    const digit = digitOf(text.charCodeAt(at));
    if (digit === undefined) {
      return undefined;
    }
    const threshold = Math.min(Math.max(k - bias, LEAST), MOST);
    value += digit * weight;
    if (digit < threshold) {
      return { value, end: at + 1 };
    }
    weight *= BASE - threshold;
  }
  return undefined;
}

/** `a` to `z` are 0 to 25, `0` to `9` are 26 to 35. */
function digitOf(code: number): number | undefined {
  if (code >= 97 && code <= 122) {
    return code - 97;
  }
  return code >= 48 && code <= 57 ? code - 22 : undefined;
}

function adapted(delta: number, length: number, isFirst: boolean): number {
  let left = Math.floor(delta / (isFirst ? DAMP : 2));
  left += Math.floor(left / length);
  let steps = 0;
  while (left > ((BASE - LEAST) * MOST) / 2) {
    left = Math.floor(left / (BASE - LEAST));
    steps += BASE;
  }
  return steps + Math.floor(((BASE - LEAST + 1) * left) / (left + SKEW));
}

function isScalar(code: number): boolean {
  return code <= 0x10_ff_ff && (code < 0xd8_00 || code > 0xdf_ff);
}
