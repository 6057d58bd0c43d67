import { LEAST_SECRET_LENGTH } from "./secret-providers.ts";

/** Columns after which common tools break base64 (`base64`: 76, `openssl base64` and PEM: 64). */
const BASE64_COLUMNS = [76, 64];
/** A shorter rest of broken base64 says too little about the secret, and would be found everywhere. */
const LEAST_BASE64_REST = 16;

/**
 * Every byte sequence by which a secret's value may show in output: the value, each line of it and each string inside
 * it when it is JSON; and of each of these the text itself, as JSON text escapes it, as URLs escape it, and in base64.
 */
export function formsOf(value: string): readonly Uint8Array[] {
  const texts = new Set<string>();
  for (const part of partsOf(value)) {
    for (const text of [part, ...jsonForms(part), ...urlForms(part), ...base64Forms(Buffer.from(part, "utf8"))]) {
      texts.add(text);
    }
  }
  texts.delete("");
  return [...texts].map((text) => Buffer.from(text, "utf8"));
}

/** The value first, then its lines without the white space around them, then the strings inside it. */
function partsOf(value: string): readonly string[] {
  const inner = [...value.split(/[\r\n]+/).map((line) => line.trim()), ...jsonStrings(value)];
  return [value, ...inner.filter((part) => part.length >= LEAST_SECRET_LENGTH)];
}

/** The strings of a JSON object or array; nothing when the value is not one. */
function jsonStrings(value: string): readonly string[] {
  const found: string[] = [];
  try {
    JSON.parse(value, (_name, member: unknown) => {
      if (typeof member === "string") {
        found.push(member);
      }
      return member;
    });
  } catch {
    return [];
  }
  return found;
}

/** As `JSON.stringify` writes it; also with every non-ASCII unit, every slash, and what HTML minds escaped. */
function jsonForms(text: string): readonly string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const ascii = escapeUnits(plain, /[\u007f-\uffff]/g);
  const forms = [plain, ascii, escapeUnits(plain, /[<>&\u2028\u2029]/g), escapeUnits(ascii, /[<>&]/g)];
  const upper = forms.map((form) => form.replaceAll(/\\u[0-9a-f]{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`));
  return [...forms, ...upper].flatMap((form) => [form, form.replaceAll("/", "\\/")]);
}

function escapeUnits(text: string, units: RegExp): string {
  return text.replaceAll(units, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Percent-encoding (RFC 3986, section 2.1) of all but unreserved characters, with either case of hex digits. */
function urlForms(text: string): readonly string[] {
  const escaped = [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return /[A-Za-z0-9._~-]/.test(letter) ? letter : `%${byte.toString(16).padStart(2, "0").toUpperCase()}`;
    })
    .join("");
  const forms = [escaped, escaped.replaceAll("%20", "+")];
  return [...forms, ...forms.map((form) => form.replaceAll(/%../g, (byte) => byte.toLowerCase()))];
}

/**
 * Base64 (RFC 4648, sections 4 and 5) of the bytes alone, with and without padding, and the letters that they surely
 * give inside a longer text, whose bytes in front of them number 0, 1 or 2 modulo 3.
 */
function base64Forms(bytes: Buffer): readonly string[] {
  if (bytes.length < LEAST_SECRET_LENGTH) {
    return [];
  }
  const alone = bytes.toString("base64");
  const inside = [0, 1, 2].map((before) => {
    const whole = Buffer.concat([Buffer.alloc(before), bytes]);
    const first = Math.ceil((before * 8) / 6);
    return whole.toString("base64").slice(first, Math.floor((whole.length * 8) / 6));
  });
  const broken = BASE64_COLUMNS.flatMap((columns) => piecesOf(inside[0] ?? "", columns));
  const forms = [alone, alone.replace(/=+$/, ""), ...inside, ...broken];
  return [...forms, ...forms.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}

function piecesOf(text: string, length: number): readonly string[] {
  const pieces: string[] = [];
  for (let at = 0; text.length > length && text.length - at >= LEAST_BASE64_REST; at += length) {
    pieces.push(text.slice(at, at + length));
  }
  return pieces;
}
