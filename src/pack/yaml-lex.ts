import { CST, Lexer, Parser } from "yaml";
import { MOST_OF_ONE_KIND } from "./yaml-findings.ts";

/** Limits of the text that a pack may be, beside its bytes. */
export const MAX_DEPTH = 64;
export const MAX_NODES = 500_000;
/**
 * White space, comments and what is refused make lexemes too: a node has about four, and no real pack has more than
 * this many beside those of its values.
 */
export const LEXEMES_PER_NODE = 6;
export const MORE_LEXEMES = 300_000;
/** The parser's stack also holds the document and the scalar that is being read. */
const MAX_STACK = MAX_DEPTH + 2;

/** A part of YAML that a pack must not use, found by its first character. */
type Refused = { readonly kind: "anchor" | "alias" | "tag"; readonly start: number; readonly source: string };

export type Lexed = {
  readonly tokens: readonly CST.Token[];
  readonly refused: readonly Refused[];
  /** Set when reading stopped: what was too much, and where. `tokens` then ends before it. */
  readonly stopped?: { readonly reason: "depth" | Excess["reason"]; readonly at: number };
};

type Excess = { readonly reason: "nodes" | "lexemes" | "escapes"; readonly at: number };

/**
 * Splits the text into syntax trees, one per document, and stops as soon as they grow too deep or too many: the parser
 * has no limits of its own, and what it builds takes a hundred times the text. So lexemes are counted first, which costs
 * little; of a text with too many only the beginning is parsed, to see whether it is too deep as well.
 */
export function lexYaml(text: string): Lexed {
  const { lexemes, refused, excess } = countLexemes(text);
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of excess === undefined ? lexemes : lexemes.slice(0, LOOK)) {
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
    }
    if (parser.stack.length > MAX_STACK) {
      const at = parser.offset - 1;
      return { tokens, refused: refused.filter(({ start }) => start <= at), stopped: { reason: "depth", at } };
    }
  }
  if (excess !== undefined) {
    return { tokens, refused, stopped: excess };
  }
  for (const token of parser.end()) {
    tokens.push(token);
  }
  return { tokens, refused };
}

type Counted = {
  readonly lexemes: readonly string[];
  readonly refused: readonly Refused[];
  /** What there is too much of; the lexemes end there. */
  readonly excess?: Excess;
};

function countLexemes(text: string): Counted {
  const lexemes: string[] = [];
  const refused: Refused[] = [];
  let offset = 0;
  let nodes = 0;
  let items = 0;
  const escapes = { count: 0, first: 0 };
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    const kind = isScalar ? "scalar" : kindOf(lexeme);
    lexemes.push(lexeme);
    if (kind === "node") {
      nodes += 1;
    } else if (kind === "item") {
      items += 1;
    } else if (kind !== "scalar" && kind !== "other" && refused.length < MOST_OF_ONE_KIND) {
      refused.push({ kind, start: offset, source: lexeme });
    }
    const most = Math.max(nodes, items);
    const isFull = most > MAX_NODES;
    if (isFull || lexemes.length > MORE_LEXEMES + LEXEMES_PER_NODE * most) {
      return { lexemes, refused, excess: { reason: isFull ? "nodes" : "lexemes", at: offset } };
    }
    if (!isScalar && lexeme.startsWith('"')) {
      countWrongEscapes(lexeme, offset, escapes);
      if (escapes.count > MOST_OF_ONE_KIND) {
        return { lexemes, refused, excess: { reason: "escapes", at: escapes.first } };
      }
    }
    offset += isScalar || !MARKS.has(lexeme) ? lexeme.length : 0;
    isScalar = !isScalar && lexeme === CST.SCALAR;
  }
  return { lexemes, refused };
}

/**
 * An escape of a double-quoted text (YAML 1.2.2, 5.7): one with a name, a code point, or a line end; or any other, which
 * is wrong.
 */
const ESCAPE =
  /\\(?:[0abtnvfre "/\\N_LP\t\n]|\r\n|x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|U(?:000[\dA-Fa-f]|0010)[\dA-Fa-f]{4}|([^]))/g;

/** Each costs the composer an error with its stack: they are counted before it sees them, up to the first too many. */
function countWrongEscapes(lexeme: string, offset: number, into: { count: number; first: number }): void {
  for (const { 1: wrong, index } of lexeme.matchAll(ESCAPE)) {
    if (wrong !== undefined) {
      into.first = into.count === 0 ? offset + index : into.first;
      into.count += 1;
    }
    if (into.count > MOST_OF_ONE_KIND) {
      return;
    }
  }
}

/** What the lexer says beside the text itself: these are no characters of it. */
const MARKS: ReadonlySet<string> = new Set([CST.SCALAR, CST.DOCUMENT, CST.FLOW_END]);
/** How many lexemes of a text with too many are parsed all the same. */
const LOOK = 20_000;

/** What a lexeme is for the counts above; block collections show only in the tree and are counted there. */
function kindOf(lexeme: string): "node" | "item" | Refused["kind"] | "other" {
  switch (lexeme.charAt(0)) {
    case CST.SCALAR:
    case "[":
    case "{":
    case '"':
    case "'":
      return "node";
    case "-":
      return "item";
    case "&":
      return "anchor";
    case "*":
      return "alias";
    case "!":
      return "tag";
    default:
      return "other";
  }
}
