import { encodeUtf8 } from "./utf8.ts";

/**
 * The canonical text of a value (RFC 8785, JCS). Members that are `undefined` are left out, as JSON does; in arrays they
 * become null. Throws on what JSON cannot hold: NaN, infinities, lone surrogates, functions, symbols, bigints, instances
 * of classes, a value that contains itself. Callers hand in checked data.
 */
export function canonicalJson(value: unknown): string {
  const sorted = inOrder(value, 0);
  if (sorted !== UNFIT) {
    const text = JSON.stringify(sorted);
    // A lone surrogate is written as such an escape, and a text that holds a backslash may look like one.
    if (!text.includes("\\ud")) {
      return text;
    }
  }
  return write(value);
}

/** The UTF-8 bytes of the canonical text, without a final newline. */
export function canonicalBytes(value: unknown): Uint8Array {
  return encodeUtf8(canonicalJson(value));
}

const UNFIT: unique symbol = Symbol("unfit");
/** Deeper containers are written by `write`, whose depth nothing limits. */
const SHALLOW = 64;

/**
 * The value with its members in canonical order: itself where they are already, copies of the rest. The engine's own
 * serializer writes the canonical text of that, several times as fast as one in JavaScript. `UNFIT` for what is left to
 * `write`: what may have no canonical text, and names that an object cannot hold in any order (`"10"` stands behind
 * `"9"` whatever is done, `__proto__` is not set like others).
 */
function inOrder(value: unknown, depth: number): unknown {
  if (typeof value === "number") {
    return Number.isFinite(value) ? value : UNFIT;
  }
  if (typeof value === "string" || typeof value === "boolean" || value === null) {
    return value;
  }
  if (typeof value !== "object" || depth === SHALLOW) {
    return UNFIT;
  }
  if (Array.isArray(value)) {
    return itemsInOrder(value, depth + 1);
  }
  return isPlain(value) ? membersInOrder(value, depth + 1) : UNFIT;
}

function itemsInOrder(items: readonly unknown[], depth: number): unknown {
  let copy: unknown[] | undefined;
  for (let at = 0; at < items.length; at += 1) {
    const item = inOrder(items[at], depth);
    if (item === UNFIT) {
      return UNFIT;
    }
    if (item !== items[at]) {
      copy ??= [...items];
      copy[at] = item;
    }
  }
  return copy ?? items;
}

function membersInOrder(members: Members, depth: number): unknown {
  const names = Object.keys(members);
  let copy: Record<string, unknown> | undefined;
  if (!areSorted(names)) {
    if (names.some(isUnruly)) {
      return UNFIT;
    }
    names.sort();
    copy = {};
  }
  for (const [at, name] of names.entries()) {
    const member = members[name];
    const ordered = member === undefined ? undefined : inOrder(member, depth);
    if (ordered === UNFIT) {
      return UNFIT;
    }
    if (ordered !== member && copy === undefined) {
      if (names.some(isUnruly)) {
        return UNFIT;
      }
      copy = Object.fromEntries(names.slice(0, at).map((before) => [before, members[before]]));
    }
    if (copy !== undefined) {
      copy[name] = ordered;
    }
  }
  return copy ?? members;
}

/** Objects list names that look like an array's index first, and do not set this one as they set others. */
function isUnruly(name: string): boolean {
  const first = name.charCodeAt(0);
  return (first >= 0x30 && first <= 0x39) || name === "__proto__";
}

type Members = Readonly<Record<string, unknown>>;

function isPlain(value: object): value is Members {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** By UTF-16 code units, as `sort` and `<` compare. RFC 8785 section 3.2.3. */
function areSorted(names: readonly string[]): boolean {
  for (let at = 1; at < names.length; at += 1) {
    if ((names[at] ?? "") < (names[at - 1] ?? "")) {
      return false;
    }
  }
  return true;
}

/** A container that is being written; `names` of its members in canonical order, undefined for an array. */
type Frame = {
  readonly container: object;
  readonly names: readonly string[] | undefined;
  readonly values: readonly unknown[];
  next: number;
};

/** The same for any value, member by member, on a stack of its own. */
function write(value: unknown): string {
  const root = frameOf([value]);
  const stack: Frame[] = [root];
  let text = "";
  for (let top: Frame | undefined = root; top !== undefined; top = stack.at(-1)) {
    const at = top.next;
    if (at === top.values.length) {
      text += top === root ? "" : top.names === undefined ? "]" : "}";
      stack.pop();
      continue;
    }
    const item = top.values[at];
    const name = top.names?.[at];
    text += `${at === 0 ? "" : ","}${name === undefined ? "" : `${stringText(name)}:`}`;
    top.next += 1;
    if (typeof item === "object" && item !== null) {
      const frame = frameOf(item);
      text += frame.names === undefined ? "[" : "{";
      stack.push(frame);
      refuseCircle(stack);
    } else {
      text += scalarText(top.names === undefined && item === undefined && top !== root ? null : item);
    }
  }
  return text;
}

function frameOf(container: object): Frame {
  if (Array.isArray(container)) {
    return { container, names: undefined, values: container, next: 0 };
  }
  if (!isPlain(container)) {
    throw new Error("an instance of a class is no JSON value");
  }
  const names = Object.keys(container)
    .filter((name) => container[name] !== undefined)
    .sort();
  return { container, names, values: names.map((name) => container[name]), next: 0 };
}

/** Looks at depths that double, so that all looks together cost what one at the greatest depth does. */
function refuseCircle(stack: readonly Frame[]): void {
  const depth = stack.length;
  if (depth >= 1024 && (depth & (depth - 1)) === 0 && new Set(stack.map((frame) => frame.container)).size < depth) {
    throw new Error("a value that contains itself is no JSON value");
  }
}

const LONE = /\p{Surrogate}/u;

function stringText(value: string): string {
  if (LONE.test(value)) {
    throw new Error("a lone surrogate has no canonical text");
  }
  return JSON.stringify(value);
}

function scalarText(value: unknown): string {
  if (typeof value === "string") {
    return stringText(value);
  }
  if (value === null || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))) {
    // Numbers: the shortest form that reads back, which RFC 8785 section 3.2.2.3 takes from ECMAScript.
    return JSON.stringify(value);
  }
  throw new Error("not a JSON value");
}
