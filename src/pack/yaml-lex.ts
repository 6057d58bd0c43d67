import { CST, Lexer, Parser } from "yaml";

/** Limits of the text that a pack may be. */
export const MAX_BYTES: number = 8 * 1024 * 1024;
export const MAX_DEPTH = 64;
export const MAX_NODES = 500_000;
/** White space and comments make tokens too: a node has about four, and no real pack has as many comments as values. */
const MAX_LEXEMES = MAX_NODES * 6;
/** Nobody reads more findings of one kind than this. */
const MAX_REFUSED = 1000;
/** The parser's stack also holds the document and the scalar that is being read. */
const MAX_STACK = MAX_DEPTH + 2;

/** A part of YAML that a pack must not use, found by its first character. */
type Refused = { readonly kind: "anchor" | "alias" | "tag"; readonly start: number; readonly source: string };

export type Lexed = {
  readonly tokens: readonly CST.Token[];
  readonly refused: readonly Refused[];
  /** Set when reading stopped: what was too much, and where. `tokens` then ends before it. */
  readonly stopped?: { readonly reason: "depth" | "nodes"; readonly at: number };
};

/**
 * Splits the text into syntax trees, one per document, and stops as soon as they grow too deep or too many: the parser
 * has no limits of its own, and what it builds takes a hundred times the text.
 */
export function lexYaml(text: string): Lexed {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  const refused: Refused[] = [];
  let lexemes = 0;
  let nodes = 0;
  let items = 0;
  let isScalar = false;
  for (const lexeme of new Lexer().lex(text)) {
    const kind = isScalar ? "scalar" : kindOf(lexeme);
    lexemes += 1;
    isScalar = lexeme === CST.SCALAR;
    if (kind === "node") {
      nodes += 1;
    } else if (kind === "item") {
      items += 1;
    } else if (kind !== "scalar" && kind !== "other" && refused.length < MAX_REFUSED) {
      refused.push({ kind, start: parser.offset, source: lexeme });
    }
    if (Math.max(nodes, items) > MAX_NODES || lexemes > MAX_LEXEMES) {
      return { tokens, refused, stopped: { reason: "nodes", at: parser.offset } };
    }
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
    }
    if (parser.stack.length > MAX_STACK) {
      return { tokens, refused, stopped: { reason: "depth", at: parser.offset - 1 } };
    }
  }
  for (const token of parser.end()) {
    tokens.push(token);
  }
  return { tokens, refused };
}

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
