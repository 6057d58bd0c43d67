const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const VALUES: ReadonlyMap<string, number> = new Map([...ALPHABET].map((letter, value) => [letter, value]));

/** Base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const group = (a << 16) | (b << 8) | c;
    const left = bytes.length - at;
    text += letter(group >> 18) + letter(group >> 12) + (left > 1 ? letter(group >> 6) : "=");
    text += left > 2 ? letter(group) : "=";
  }
  return text;
}

/** The bytes of canonical base64: padding present, no other characters, unused bits zero. Otherwise undefined. */
export function fromBase64(text: string): Uint8Array | undefined {
  const body = text.endsWith("==") ? text.slice(0, -2) : text.endsWith("=") ? text.slice(0, -1) : text;
  if (text.length % 4 !== 0 || body.length % 4 === 1) {
    return undefined;
  }
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let out = 0;
  for (const each of body) {
    const value = VALUES.get(each);
    if (value === undefined) {
      return undefined;
    }
    held = ((held << 6) | value) & 0xff_ff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[out] = (held >> bits) & 0xff;
      out += 1;
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined;
}

/** Base64 as the interop profile takes it: both alphabets, padding optional (RFC 4648, sections 4 and 5). */
export function fromLooseBase64(text: string): Uint8Array | undefined {
  const bare = text
    .replaceAll("-", "+")
    .replaceAll("_", "/")
    .replace(/={1,2}$/, "");
  return fromBase64(bare + "=".repeat((4 - (bare.length % 4)) % 4));
}

function letter(bits: number): string {
  return ALPHABET.charAt(bits & 63);
}
