import { Alias, type Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import type { Json } from "#canon/json.ts";
import { MAX_DEPTH, MAX_NODES } from "./yaml-lex.ts";

/** A finding in the tree: a code of `yamlCodes` with the stretch of text that it is about. */
export type TreeFinding = {
  readonly code:
    | "YAML_DUPLICATE_KEY"
    | "YAML_ENCODING"
    | "YAML_KEY_TYPE"
    | "YAML_MERGE_KEY"
    | "YAML_NUMBER_UNSAFE"
    | "YAML_SURROGATE"
    | "YAML_TOO_DEEP"
    | "YAML_TOO_MANY_NODES";
  readonly data: Readonly<Record<string, string | number>>;
  readonly start: number;
  readonly end: number;
  /** Where the first of two equal keys stands. */
  readonly first?: { readonly start: number; readonly end: number };
};

type Reading = { readonly found: TreeFinding[]; nodes: number; full: boolean };

/** The JSON value of a YAML tree and everything in it that JSON cannot hold exactly. Of equal keys the first counts. */
export function valueOfTree(root: unknown): { readonly value: Json; readonly found: readonly TreeFinding[] } {
  const reading: Reading = { found: [], nodes: 0, full: false };
  const value = valueOf(root, 0, reading);
  return { value, found: reading.found };
}

function valueOf(node: unknown, depth: number, reading: Reading): Json {
  reading.nodes += 1;
  if (reading.nodes > MAX_NODES && !reading.full) {
    reading.full = true;
    report(reading, "YAML_TOO_MANY_NODES", { limit: MAX_NODES, what: "keys and values" }, node);
  }
  if (node instanceof Scalar) {
    return scalarOf(node, reading);
  }
  if (depth >= MAX_DEPTH && (node instanceof YAMLMap || node instanceof YAMLSeq)) {
    report(reading, "YAML_TOO_DEEP", { limit: MAX_DEPTH }, node);
    return null;
  }
  if (node instanceof YAMLMap) {
    return objectOf(node, depth, reading);
  }
  if (node instanceof YAMLSeq) {
    return node.items.map((item) => valueOf(item, depth + 1, reading));
  }
  return null;
}

function objectOf(map: YAMLMap, depth: number, reading: Reading): Json {
  const members: Record<string, Json> = {};
  const firsts = new Map<string, unknown>();
  for (const pair of map.items) {
    const name = nameOf(pair, reading);
    reading.nodes += 1;
    const value = valueOf(pair.value, depth + 1, reading);
    if (name === undefined) {
      continue;
    }
    const first = firsts.get(name);
    if (first !== undefined) {
      report(reading, "YAML_DUPLICATE_KEY", { name }, pair.key, first);
    } else if (name === "__proto__") {
      firsts.set(name, pair.key);
      Object.defineProperty(members, name, { value, enumerable: true, configurable: true, writable: true });
    } else {
      firsts.set(name, pair.key);
      members[name] = value;
    }
  }
  return members;
}

/** The name of a member; undefined when the key is a collection, which has no name. */
function nameOf(pair: Pair, reading: Reading): string | undefined {
  const key = pair.key;
  if (!(key instanceof Scalar)) {
    report(reading, "YAML_KEY_TYPE", { found: key instanceof YAMLSeq ? "a list" : "a mapping" }, key ?? pair.value);
    return undefined;
  }
  if (typeof key.value === "string") {
    if (key.value === "<<" && key.type === "PLAIN") {
      report(reading, "YAML_MERGE_KEY", {}, key);
    }
    checkEscapes(key, key.value, reading);
    return key.value;
  }
  const text = key.source ?? "";
  report(reading, "YAML_KEY_TYPE", { found: text === "" ? "no key" : text }, key);
  return text;
}

function scalarOf(node: Scalar, reading: Reading): Json {
  const value = node.value;
  if (typeof value === "string") {
    checkEscapes(node, value, reading);
    return value;
  }
  if (typeof value === "number") {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) {
      report(reading, "YAML_NUMBER_UNSAFE", { found: node.source ?? String(value) }, node);
    }
    return value === 0 ? 0 : value;
  }
  return typeof value === "boolean" ? value : null;
}

/**
 * Only escapes in double quotes can give half a pair or a NUL: the text itself is valid UTF-8 without one. A NUL ends
 * every string that a process is given, so what follows it would silently be lost.
 */
function checkEscapes(node: Scalar, value: string, reading: Reading): void {
  if (node.type !== "QUOTE_DOUBLE") {
    return;
  }
  if (/\p{Surrogate}/u.test(value)) {
    report(reading, "YAML_SURROGATE", {}, node);
  }
  if (value.includes("\0")) {
    report(reading, "YAML_ENCODING", { problem: "the control character U+0000" }, node);
  }
}

function report(
  reading: Reading,
  code: TreeFinding["code"],
  data: TreeFinding["data"],
  node: unknown,
  first?: unknown,
): void {
  const at = extentOf(node);
  const finding = { code, data, start: at.start, end: at.end };
  reading.found.push(first === undefined ? finding : { ...finding, first: extentOf(first) });
}

/** The offsets of a node's own text, without the comments and line ends after it. */
export function extentOf(node: unknown): { readonly start: number; readonly end: number } {
  if (node instanceof Scalar || node instanceof YAMLMap || node instanceof YAMLSeq || node instanceof Alias) {
    const range = node.range;
    if (range !== null && range !== undefined) {
      return { start: range[0], end: range[1] };
    }
  }
  return { start: 0, end: 0 };
}
