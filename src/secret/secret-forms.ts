import { LEAST_SECRET_LENGTH } from "./secret-providers.ts";

/** Columns after which common tools break base64 (`base64`: 76, `openssl base64` and PEM: 64) and hex (`xxd -p`: 60). */
const BASE64_COLUMNS = [76, 64];
const HEX_COLUMNS = [60];
/** Bytes of the longest name of a host. */
export const LONGEST_HOST = 253;
/** Nothing by which a URL would be cut up. */
const LABEL = /^[^[\]:@/\\?#%.\s\p{Cc}]+$/u;
/** A shorter rest of a broken line says too little about the secret, and would be found everywhere. */
const LEAST_REST = 16;

/**
 * Every byte sequence by which a secret's value may show in output: the value, each line of it and each string and number
 * inside it when it is JSON; and of each of these the text itself, as JSON text escapes it, as URLs escape it, in hex and
 * in base64.
 */
export function formsOf(value: string): readonly Uint8Array[] {
  const texts = new Set<string>();
  for (const part of partsOf(value)) {
    const bytes = Buffer.from(part, "utf8");
    const encoded = [...jsonForms(part), ...urlForms(bytes), ...hexForms(bytes), ...base64Forms(bytes)];
    for (const text of [part, ...echoForms(part), ...encoded]) {
      texts.add(text);
    }
  }
  texts.delete("");
  return [...texts].map((text) => Buffer.from(text, "utf8"));
}

/**
 * What readers of URLs (WHATWG URL, 3.5) make of a secret that is a host or a label of one, where that is another text: a
 * number becomes an IPv4 address, letters beyond ASCII become Punycode. Parts with a dot are left: 10.1 is mostly no address.
 */
export function hostsOf(value: string): readonly string[] {
  const labels = [...partsOf(value)].filter((part) => part.length <= LONGEST_HOST && LABEL.test(part));
  return labels
    .map((label) => URL.parse(`http://${label}/`)?.hostname ?? "")
    .filter((host, at) => host.length >= LEAST_SECRET_LENGTH && host !== labels[at]?.toLowerCase());
}

/** The value first, then what stands inside it when it is JSON, then the lines of all, without white space around them. */
function partsOf(value: string): ReadonlySet<string> {
  const whole = [value, ...jsonLeaves(value)];
  const lines = whole.flatMap((text) => text.split(/[\r\n]+/).map((line) => line.trim()));
  const inner = [...whole.slice(1), ...lines].filter((part) => part.length >= LEAST_SECRET_LENGTH);
  return new Set([value, ...inner]);
}

/** The strings and numbers of a JSON object or array; nothing when the value is not one. `true` and `null` tell nothing. */
function jsonLeaves(value: string): readonly string[] {
  const found: string[] = [];
  const take = (_name: string, member: unknown, { source }: { readonly source?: string }): unknown => {
    if (typeof member === "string") {
      found.push(member);
    } else if (typeof member === "number") {
      found.push(String(member), source ?? "");
    }
    return member;
  };
  try {
    JSON.parse(value, take as (this: unknown, name: string, member: unknown) => unknown);
  } catch {
    return [];
  }
  return found;
}

const ECHOED: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
};

/** What `echo` of a POSIX shell makes of a text with backslashes in it, where that is long enough to be told. */
function echoForms(text: string): readonly string[] {
  let ended = false;
  const said = text.replaceAll(
    /\\(?:0([0-7]{0,3})|([abcfnrtv\\]))|[^\\]+|\\/g,
    (piece, octal?: string, letter?: string) => {
      ended ||= letter === "c";
      if (ended) {
        return "";
      }
      return octal === undefined
        ? (ECHOED[letter ?? ""] ?? piece)
        : String.fromCharCode((Number.parseInt(octal, 8) || 0) % 256);
    },
  );
  return said.length < LEAST_SECRET_LENGTH ? [] : [said];
}

/** Of what stands in JSON text as it is, what some writers escape all the same: HTML, .NET, Gson, Python, and everything. */
const ESCAPED = [/[<>&\u2028\u2029]/g, /[<>&=']/g, /[^\x20-\x7e]/g, /[^\x20-\x7e]|[<>&]/g, /[^\x20-\x7e]|[<>&'+`]/g];

/** As `JSON.stringify` writes it, and as others do who escape more, with either case of hex digits; also within JSON again. */
function jsonForms(text: string): readonly string[] {
  const plain = JSON.stringify(text).slice(1, -1);
  const more = ESCAPED.map((units) => escapeUnits(plain, units));
  const forms = [plain, ...more, ...more.map((form) => form.replaceAll('\\"', "\\u0022")), escapeUnits(text, /[^]/g)];
  const upper = forms.map((form) => form.replaceAll(/\\u[0-9a-f]{4}/g, (unit) => `\\u${unit.slice(2).toUpperCase()}`));
  const slashes = [...forms, ...upper].flatMap((form) => [form, form.replaceAll("/", "\\/")]);
  return [...slashes, JSON.stringify(plain).slice(1, -1)];
}

function escapeUnits(text: string, units: RegExp): string {
  return text.replaceAll(units, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What is left as it is: by RFC 3986, `encodeURIComponent`, forms (WHATWG), `encodeURI`, Python's `quote`, and by nobody. */
const UNESCAPED = [
  /[A-Za-z0-9._~-]/,
  /[A-Za-z0-9._~!*'()-]/,
  /[A-Za-z0-9._*-]/,
  /[A-Za-z0-9._~!*'();,/?:@&=+$#-]/,
  /[A-Za-z0-9._~/-]/,
  /(?!)/,
];

/** Percent-encoding (RFC 3986, section 2.1), with either case of hex digits and either way to write a space. */
function urlForms(bytes: Buffer): readonly string[] {
  const letters = [...bytes].map((byte) => String.fromCharCode(byte));
  const escapes = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`);
  const forms = UNESCAPED.map((unescaped) =>
    letters.map((letter, at) => (unescaped.test(letter) ? letter : escapes[at])).join(""),
  );
  return [...forms, ...forms.map((form) => form.replaceAll("%20", "+"))].flatMap((form) => [
    form,
    form.replaceAll(/%../g, (byte) => byte.toLowerCase()),
  ]);
}

/** Base16 (RFC 4648, section 8) in either case, whole and as tools break it. */
function hexForms(bytes: Buffer): readonly string[] {
  const hex = bytes.toString("hex");
  const forms =
    bytes.length < LEAST_SECRET_LENGTH ? [] : [hex, ...HEX_COLUMNS.flatMap((columns) => piecesOf(hex, columns))];
  return [...forms, ...forms.map((form) => form.toUpperCase())];
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
  for (let at = 0; text.length > length && text.length - at >= LEAST_REST; at += length) {
    pieces.push(text.slice(at, at + length));
  }
  return pieces;
}
