const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LETTERS: Uint8Array = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));
const PADDING = 0x3d;
/** By code of the letter: its six bits, or 64 for what is no letter of base64. */
const VALUES: Uint8Array = new Uint8Array(128).fill(64);
LETTERS.forEach((letter, value) => {
  VALUES[letter] = value;
});
const decoder = new TextDecoder();

/** Base64 with padding (RFC 4648, section 4). */
export function toBase64(bytes: Uint8Array): string {
  const text = new Uint8Array(Math.ceil(bytes.length / 3) * 4);
  let out = 0;
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const left = bytes.length - at;
    text[out] = letter(group >> 18);
    text[out + 1] = letter(group >> 12);
    text[out + 2] = left > 1 ? letter(group >> 6) : PADDING;
    text[out + 3] = left > 2 ? letter(group) : PADDING;
    out += 4;
  }
  return decoder.decode(text);
}

/** The bytes of canonical base64: padding present, no other characters, unused bits zero. Otherwise undefined. */
export function fromBase64(text: string): Uint8Array | undefined {
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  const length = text.length - padding;
  if (text.length % 4 !== 0 || length % 4 === 1) {
    return undefined;
  }
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let bits = 0;
  let held = 0;
  let out = 0;
  for (let at = 0; at < length; at += 1) {
    const value = VALUES[text.charCodeAt(at)] ?? 64;
    if (value === 64) {
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

/** Base64 as the interop profile takes it: both alphabets, padding whole or absent (RFC 4648, sections 4 and 5). */
export function fromLooseBase64(text: string): Uint8Array | undefined {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(plain.includes("=") ? plain : plain + "=".repeat((4 - (plain.length % 4)) % 4));
}

function letter(bits: number): number {
  return LETTERS[bits & 63] ?? 0;
}
