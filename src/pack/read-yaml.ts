import { Composer, type Document, type YAMLError } from "yaml";
import { decodeUtf8 } from "#canon/utf8.ts";
import type { Json } from "#canon/json.ts";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { FaultData } from "#fault/fault.ts";
import { lineIndex, type LineIndex } from "./line-index.ts";
import { MAX_PACK_FILE } from "./pack-files.ts";
import { diagnosticsOf, MOST_OF_ONE_KIND, type YamlFinding } from "./yaml-findings.ts";
import { lexYaml, LEXEMES_PER_NODE, MAX_DEPTH, MAX_NODES, MORE_LEXEMES, type Lexed } from "./yaml-lex.ts";
import { valueOfTree } from "./yaml-tree.ts";

export type YamlReading = {
  /** True when the structure of the text is certain, so that more can be said about `value`. */
  readonly sound: boolean;
  readonly value: Json;
  readonly diagnostics: readonly Diagnostic[];
  readonly text: string;
  readonly lines: LineIndex;
  /** The root of the YAML tree, with ranges. */
  readonly root: unknown;
};

/** Puts one finding of the reader into its list. */
type Add = (code: YamlFinding["code"], data: FaultData, start: number, end: number, hint?: string) => void;

/**
 * Reads YAML 1.2 (core schema) as plain JSON data, strictly and in linear time; everything that is refused is reported
 * with its place. Source: https://yaml.org/spec/1.2.2/
 */
export function readYaml(bytes: Uint8Array, file: string): YamlReading {
  const decoded = bytes.length > MAX_PACK_FILE ? undefined : decodeUtf8(bytes);
  const text = decoded?.startsWith("\uFEFF") === true ? decoded.slice(1) : (decoded ?? "");
  const lines = lineIndex(text);
  const findings: YamlFinding[] = [];
  const add: Add = (code, data, start, end, hint) => {
    findings.push({ code, data, start, end, ...(hint === undefined ? {} : { hint }) });
  };
  const unsound = (): YamlReading => {
    const diagnostics = diagnosticsOf(findings, file, lines);
    return { sound: false, value: null, diagnostics, text, lines, root: null };
  };
  if (bytes.length > MAX_PACK_FILE) {
    add("YAML_TOO_LARGE", { size: bytes.length, limit: MAX_PACK_FILE }, 0, 0);
    return unsound();
  }
  if (decoded === undefined) {
    add("YAML_ENCODING", { problem: describeBytes(bytes) }, 0, 0);
    return unsound();
  }
  if (reportControls(text, lines, add)) {
    return unsound();
  }
  const lexed = lexYaml(text);
  for (const { kind, start, source } of lexed.refused) {
    add(REFUSED[kind], { name: source }, start, start + source.length);
  }
  if (lexed.stopped !== undefined) {
    const { reason, at } = lexed.stopped;
    const { code, data, hint } = STOPPED[reason];
    add(code, data, at, at + 1, hint);
    return unsound();
  }
  const { document, lostLine } = compose(lexed, text, lines, add);
  const root = document?.contents ?? null;
  const { value, found } = valueOfTree(root);
  const lineOf = ({ start }: YamlFinding): number => lines.position(start).line;
  // Behind a broken line the tree is a guess: what is odd in it comes of the guess.
  const broken = smallest(findings.filter(({ code }) => code === "YAML_SYNTAX").map(lineOf));
  const told = [
    ...findings.filter((finding) => lineOf(finding) <= lostLine),
    ...found.filter((finding) => lineOf(finding) < broken),
  ];
  const sound = !told.some(({ code }) => UNSOUND.has(code));
  return { sound, value: sound ? value : null, diagnostics: diagnosticsOf(told, file, lines), text, lines, root };
}

/** Infinity of none. There may be more than the arguments of a call. */
function smallest(numbers: readonly number[]): number {
  return numbers.reduce((least, each) => Math.min(least, each), Infinity);
}

const REFUSED = { anchor: "YAML_ANCHOR", alias: "YAML_ALIAS", tag: "YAML_TAG" } as const;
/** What a text has too much of, as it is reported. */
const STOPPED: Readonly<Record<NonNullable<Lexed["stopped"]>["reason"], Pick<YamlFinding, "code" | "data" | "hint">>> =
  {
    depth: { code: "YAML_TOO_DEEP", data: { limit: MAX_DEPTH } },
    nodes: { code: "YAML_TOO_MANY_NODES", data: { limit: MAX_NODES, what: "keys and values" } },
    lexemes: {
      code: "YAML_TOO_MANY_NODES",
      data: {
        limit: MORE_LEXEMES,
        what: `line ends, comments and other tokens beside ${LEXEMES_PER_NODE} for each of its keys and values`,
      },
      hint: "remove blank lines and comments; keep long remarks in files of the pack",
    },
    escapes: {
      code: "YAML_SYNTAX",
      data: { problem: `more than ${MOST_OF_ONE_KIND} escapes are none of YAML, the first of them here` },
    },
  };
const UNSOUND: ReadonlySet<string> = new Set(["YAML_SYNTAX", "YAML_TOO_DEEP", "YAML_TOO_MANY_NODES"]);

/** Errors of the composer that only repeat what was already refused under its own code. */
const REPEATED: ReadonlySet<string> = new Set([
  "ALIAS_PROPS",
  "BAD_ALIAS",
  "BAD_COLLECTION_TYPE",
  "BAD_DIRECTIVE",
  "BAD_PROP_ORDER",
  "MULTIPLE_ANCHORS",
  "MULTIPLE_TAGS",
  "TAG_RESOLVE_FAILED",
]);

/**
 * Errors inside one scalar or key, whose end is known: what stands behind them is read as it would be without them. Behind
 * every other one tokens are looked at out of their place.
 */
const CONFINED: ReadonlySet<string> = new Set(["BAD_DQ_ESCAPE", "BAD_SCALAR_START", "BLOCK_AS_IMPLICIT_KEY"]);

type Composed = {
  readonly document: Document.Parsed | undefined;
  /** Where the structure was lost: what is found on later lines is a consequence. Infinity where it was not. */
  readonly lostLine: number;
};

/** The first document of the text; what is wrong in its syntax is reported, one finding per line. */
function compose(lexed: Lexed, text: string, lines: LineIndex, add: Add): Composed {
  const composer = new Composer({ uniqueKeys: false, version: "1.2", schema: "core", merge: false });
  const documents: Document.Parsed[] = [];
  let directives = 0;
  let count = 0;
  for (const token of lexed.tokens) {
    if (token.type === "directive") {
      directives += 1;
      add("YAML_DIRECTIVE", { name: token.source.trim() }, token.offset, token.offset + token.source.trimEnd().length);
    }
    if (token.type === "document") {
      count += 1;
      if (count === 2) {
        add("YAML_MULTIPLE_DOCUMENTS", {}, token.offset, token.offset + 3);
      }
    }
    // Only the first document is read; a directive before it must not change how.
    if (count < 2 && token.type !== "directive") {
      documents.push(...composer.next(token));
    }
  }
  documents.push(...composer.end());
  const errors = documents[0]?.errors ?? composer.streamInfo().errors;
  const hasRefused = directives > 0 || lexed.refused.length > 0;
  const own = errors.filter(({ code }) => !(hasRefused && REPEATED.has(code)));
  reportErrors(own, text, lines, add);
  const losing = own.filter(({ code }) => !CONFINED.has(code)).map(({ pos: [start] }) => lines.position(start).line);
  return { document: documents[0], lostLine: smallest(losing) };
}

function reportErrors(errors: readonly YAMLError[], text: string, lines: LineIndex, add: Add): void {
  const seen = new Set<number>();
  for (const error of errors) {
    const [start, end] = error.pos;
    const { line } = lines.position(start);
    if (error.code === "RESOURCE_EXHAUSTION") {
      add("YAML_TOO_DEEP", { limit: MAX_DEPTH }, start, start + 1);
    } else if (!seen.has(line)) {
      seen.add(line);
      const hint = followsExpression(text, start) ? "put a text with ${{ … }} in quotes" : undefined;
      add("YAML_SYNTAX", { problem: problemOf(error) }, start, Math.max(start + 1, end), hint);
    }
  }
}

/** True near an expression: between brackets, the braces of one without quotes are read as a mapping. */
function followsExpression(text: string, at: number): boolean {
  return text.slice(Math.max(0, at - 4), at + 4).includes("${{");
}

/** The library's sentence, as part of ours: short, on one line, starting in lower case. */
function problemOf(error: YAMLError): string {
  const line = error.message.replaceAll(/\s+/g, " ").trim();
  const short = line.length > 120 ? `${line.slice(0, 117)}...` : line;
  return short.slice(0, 1).toLowerCase() + short.slice(1);
}

/** Reports characters outside YAML's c-printable (production 1), the first of each line; true when there are any. */
function reportControls(text: string, lines: LineIndex, add: Add): boolean {
  let lastLine = 0;
  let any = false;
  // oxlint-disable-next-line no-control-regex -- these are the characters to find
  for (const { 0: found, index } of text.matchAll(/[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]/g)) {
    const { line } = lines.position(index);
    if (line !== lastLine) {
      const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
      add("YAML_ENCODING", { problem: `the control character U+${code}` }, index, index + 1);
    }
    lastLine = line;
    any = true;
  }
  return any;
}

function describeBytes(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16 ? "UTF-16 text" : "bytes that are not valid UTF-8";
}
