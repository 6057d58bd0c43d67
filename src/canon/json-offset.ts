type Wanted = "value" | "value or ]" | "name" | "name or }" | "colon" | "comma or end" | "nothing";
type Bracket = "[" | "{" | undefined;

/** A token that ends at `at`, or what is wrong in it at `at`. */
type Token = { readonly sound: boolean; readonly at: number };

const BLANK = /[ \t\n\r]*/y;
const WORD = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Where a text stops being JSON (RFC 8259): the offset, in UTF-16 units, of the first character that cannot stand there;
 * the text's length when it only ends too early. Undefined for JSON. One pass without recursion. The message of
 * `JSON.parse` differs between versions of an engine; this does not.
 */
export function jsonOffset(text: string): number | undefined {
  const open: Bracket[] = [];
  let wanted: Wanted = "value";
  let at = endOf(BLANK, text, 0);
  while (at < text.length) {
    const mark = text.charAt(at);
    if (mark === "{" || mark === "[" ? !mayBegin(wanted) : !fits(mark, wanted, open.at(-1))) {
      return at;
    }
    const token: Token = "{[}],:".includes(mark) ? { sound: true, at: at + 1 } : tokenAt(text, at);
    if (!token.sound) {
      return token.at;
    }
    wanted = follow(mark, wanted, open);
    at = endOf(BLANK, text, token.at);
  }
  return wanted === "nothing" ? undefined : text.length;
}

function mayBegin(wanted: Wanted): boolean {
  return wanted === "value" || wanted === "value or ]";
}

function fits(mark: string, wanted: Wanted, around: Bracket): boolean {
  switch (wanted) {
    case "value":
      return !"}],:".includes(mark);
    case "value or ]":
      return !"},:".includes(mark);
    case "name":
      return mark === '"';
    case "name or }":
      return mark === '"' || mark === "}";
    case "colon":
      return mark === ":";
    case "comma or end":
      return mark === "," || mark === (around === "{" ? "}" : "]");
    case "nothing":
      return false;
  }
}

/** What may stand behind a mark or token; brackets are opened and closed. */
function follow(mark: string, wanted: Wanted, open: Bracket[]): Wanted {
  switch (mark) {
    case "{":
      open.push("{");
      return "name or }";
    case "[":
      open.push("[");
      return "value or ]";
    case ",":
      return open.at(-1) === "{" ? "name" : "value";
    case ":":
      return "value";
    case "}":
    case "]":
      open.pop();
      break;
    default:
      if (wanted === "name" || wanted === "name or }") {
        return "colon";
      }
  }
  return open.length === 0 ? "nothing" : "comma or end";
}

function tokenAt(text: string, from: number): Token {
  if (text.charAt(from) === '"') {
    return stringAt(text, from);
  }
  const end = endOf(WORD, text, from);
  return { sound: end > from, at: end };
}

function stringAt(text: string, from: number): Token {
  let at = from + 1;
  while (at < text.length && text.charAt(at) !== '"') {
    const isEscape = text.charAt(at) === "\\";
    const next = isEscape ? endOf(ESCAPE, text, at) : at + 1;
    if (next === at || text.charAt(at) < " ") {
      return { sound: false, at };
    }
    at = next;
  }
  return { sound: at < text.length, at: Math.min(at + 1, text.length) };
}

/** Where a match from here ends; `from` itself where there is none. */
function endOf(pattern: RegExp, text: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.test(text) ? pattern.lastIndex : from;
}
