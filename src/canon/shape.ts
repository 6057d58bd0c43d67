import { isJsonObject, type Json } from "./json.ts";
import { isDigest, type Digest } from "./digest.ts";
import { isTimestamp, type Timestamp } from "./timestamp.ts";

/**
 * Shapes describe closed JSON data once: `check` finds everything wrong with a value, `schema` is the same as JSON
 * Schema 2020-12 (the files in `schemas/` are made from it), and `Infer` is its type. Checking never copies.
 */
export type Shape<T> = {
  readonly schema: Json;
  readonly check: (value: unknown, walk: Walk) => void;
  /** Carries the type only; always undefined. */
  readonly type?: T;
};
export type Infer<S> = S extends Shape<infer T> ? T : never;

export type PathPart = string | number;

/** One thing that is wrong, at a path from the root of the value. */
export type Misfit = {
  readonly problem: "unknown" | "missing" | "type" | "value";
  readonly path: readonly PathPart[];
  /** What would be right, in words: `a string`, `one of beta, stable`. For `unknown`: empty. */
  readonly expected: string;
  /** What stands there, shortened; for `unknown` and `missing` the member's name. */
  readonly found: string;
  /** For `unknown`: the names that are known at this place. */
  readonly known?: readonly string[];
};

type Walk = { readonly path: PathPart[]; readonly misfits: Misfit[] };

/** Everything wrong with `value`; an empty list means that it is a `T`. */
export function misfitsOf<T>(shape: Shape<T>, value: unknown): readonly Misfit[] {
  const walk: Walk = { path: [], misfits: [] };
  shape.check(value, walk);
  return walk.misfits;
}

export function fits<T>(shape: Shape<T>, value: unknown): value is T {
  return misfitsOf(shape, value).length === 0;
}

/** One line about one misfit, for messages. */
export function describeMisfit(misfit: Misfit): string {
  const at = misfit.path.length === 0 ? "the document" : pointerOf(misfit.path);
  switch (misfit.problem) {
    case "unknown":
      return `${at}: unknown member "${misfit.found}"`;
    case "missing":
      return `${at}: member "${misfit.found}" is missing`;
    case "type":
    case "value":
      return `${at}: expected ${misfit.expected}, found ${misfit.found}`;
  }
}

/** The JSON pointer (RFC 6901) of a path. */
export function pointerOf(path: readonly PathPart[]): string {
  return path.map((part) => `/${String(part).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

type Members = Readonly<Record<string, Shape<unknown>>>;
type ObjectOf<R extends Members, O extends Members> = { readonly [K in keyof R]: Infer<R[K]> } & {
  readonly [K in keyof O]?: Infer<O[K]>;
};

/** A closed object: the first members must be there, the second may be, no others. */
export function object<const R extends Members, const O extends Members = Record<never, never>>(
  required: R,
  optional?: O,
  description?: string,
): Shape<ObjectOf<R, O>> {
  const members = new Map<string, Shape<unknown>>([...Object.entries(required), ...Object.entries(optional ?? {})]);
  const needed = Object.keys(required);
  const known = [...members.keys()];
  return {
    schema: {
      type: "object",
      ...(description === undefined ? {} : { description }),
      properties: Object.fromEntries([...members].map(([name, shape]) => [name, shape.schema])),
      ...(needed.length === 0 ? {} : { required: needed }),
      additionalProperties: false,
    },
    check: (value, walk) => {
      if (!isJsonObject(value)) {
        misfit(walk, "type", "an object", value);
        return;
      }
      for (const name of Object.keys(value)) {
        const shape = members.get(name);
        if (shape === undefined) {
          walk.misfits.push({ problem: "unknown", path: [...walk.path], expected: "", found: name, known });
        } else if (value[name] !== undefined) {
          checkAt(shape, value[name], name, walk);
        }
      }
      for (const name of needed) {
        if (!Object.hasOwn(value, name) || value[name] === undefined) {
          walk.misfits.push({ problem: "missing", path: [...walk.path], expected: "", found: name });
        }
      }
    },
  };
}

/** An object with any names that match `names`, each with a value of one shape. */
export function record<T>(
  names: RegExp,
  values: Shape<T>,
  nameHint: string,
  { max }: { max?: number } = {},
): Shape<Readonly<Record<string, T>>> {
  return {
    schema: {
      type: "object",
      propertyNames: { pattern: names.source },
      additionalProperties: values.schema,
      ...(max === undefined ? {} : { maxProperties: max }),
    },
    check: (value, walk) => {
      if (!isJsonObject(value)) {
        misfit(walk, "type", "an object", value);
        return;
      }
      const { length } = Object.keys(value);
      if (max !== undefined && length > max) {
        misfit(walk, "value", `at most ${max} members`, length);
      }
      for (const [name, member] of Object.entries(value)) {
        walk.path.push(name);
        if (!names.test(name)) {
          misfit(walk, "value", nameHint, name);
        }
        values.check(member, walk);
        walk.path.pop();
      }
    },
  };
}

export function array<T>(items: Shape<T>, limits: { min?: number; max?: number } = {}): Shape<readonly T[]> {
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = limits;
  return {
    schema: {
      type: "array",
      items: items.schema,
      ...(limits.min === undefined ? {} : { minItems: min }),
      ...(limits.max === undefined ? {} : { maxItems: max }),
    },
    check: (value, walk) => {
      if (!Array.isArray(value)) {
        misfit(walk, "type", "an array", value);
        return;
      }
      if (value.length < min) {
        misfit(walk, "value", `at least ${min} items`, value.length);
      } else if (value.length > max) {
        misfit(walk, "value", `at most ${max} items`, value.length);
      }
      value.forEach((item, at) => checkAt(items, item, at, walk));
    },
  };
}

/** A string; `pattern` must match as a whole, and `expected` says in words what it means. */
export function string(
  limits: { pattern?: RegExp; expected?: string; max?: number; min?: number } = {},
): Shape<string> {
  const { pattern, expected = "a string", max, min = 0 } = limits;
  return {
    schema: {
      type: "string",
      ...(pattern === undefined ? {} : { pattern: pattern.source }),
      ...(max === undefined ? {} : { maxLength: max }),
      ...(min === 0 ? {} : { minLength: min }),
    },
    check: (value, walk) => {
      if (typeof value !== "string") {
        misfit(walk, "type", expected, value);
      } else if (pattern?.test(value) === false || value.length < min || value.length > (max ?? value.length)) {
        misfit(walk, "value", expected, value);
      }
    },
  };
}

export function integer(limits: { min?: number; max?: number } = {}): Shape<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = limits;
  return {
    schema: { type: "integer", minimum: min, maximum: max },
    check: (value, walk) => {
      if (typeof value !== "number" || !Number.isSafeInteger(value)) {
        misfit(walk, "type", "an integer", value);
      } else if (value < min || value > max) {
        misfit(walk, "value", `an integer from ${min} to ${max}`, value);
      }
    },
  };
}

export function number(limits: { above?: number; max?: number } = {}): Shape<number> {
  const { above = -Number.MAX_VALUE, max = Number.MAX_VALUE } = limits;
  return {
    schema: {
      type: "number",
      ...(limits.above === undefined ? {} : { exclusiveMinimum: above }),
      ...(limits.max === undefined ? {} : { maximum: max }),
    },
    check: (value, walk) => {
      if (typeof value !== "number" || !Number.isFinite(value)) {
        misfit(walk, "type", "a number", value);
      } else if (value <= above || value > max) {
        misfit(walk, "value", `a number above ${above}, at most ${max}`, value);
      }
    },
  };
}

export function boolean(): Shape<boolean> {
  return {
    schema: { type: "boolean" },
    check: (value, walk) => {
      if (typeof value !== "boolean") {
        misfit(walk, "type", "true or false", value);
      }
    },
  };
}

/** Exactly one of these strings, numbers, booleans or null. */
export function literal<const T extends string | number | boolean | null>(...choices: readonly T[]): Shape<T> {
  const expected = choices.length === 1 ? JSON.stringify(choices[0]) : `one of ${choices.map(String).join(", ")}`;
  return {
    schema: choices.length === 1 ? { const: choices[0] ?? null } : { enum: choices },
    check: (value, walk) => {
      if (!choices.some((choice) => choice === value)) {
        misfit(walk, choices.some((choice) => typeof choice === typeof value) ? "value" : "type", expected, value);
      }
    },
  };
}

export function nullable<T>(shape: Shape<T>): Shape<T | null> {
  return {
    schema: { anyOf: [shape.schema, { type: "null" }] },
    check: (value, walk) => {
      if (value !== null) {
        shape.check(value, walk);
      }
    },
  };
}

/** Any JSON value. */
export function anything(): Shape<Json> {
  return { schema: true, check: () => undefined };
}

/** Objects told apart by one member with a fixed string: the misfits are those of the chosen case only. */
export function tagged<const C extends Readonly<Record<string, Shape<unknown>>>>(
  tag: string,
  cases: C,
): Shape<Infer<C[keyof C]>> {
  const names = Object.keys(cases);
  return {
    schema: { oneOf: Object.values(cases).map((shape) => shape.schema) },
    check: (value, walk) => {
      if (!isJsonObject(value)) {
        misfit(walk, "type", "an object", value);
        return;
      }
      const name = value[tag];
      const chosen = typeof name === "string" && Object.hasOwn(cases, name) ? cases[name] : undefined;
      if (chosen !== undefined) {
        chosen.check(value, walk);
      } else if (name === undefined) {
        walk.misfits.push({ problem: "missing", path: [...walk.path], expected: "", found: tag });
      } else {
        walk.path.push(tag);
        misfit(walk, "value", `one of ${names.join(", ")}`, name);
        walk.path.pop();
      }
    },
  };
}

/** A value that one of several shapes takes, chosen by a look at the value: `choose` returns the shape to hold it to. */
export function either<const S extends readonly Shape<unknown>[]>(
  shapes: S,
  choose: (value: unknown) => S[number],
): Shape<Infer<S[number]>> {
  return {
    schema: { anyOf: shapes.map((shape) => shape.schema) },
    check: (value, walk) => choose(value).check(value, walk),
  };
}

/** For shapes that contain themselves; `name` becomes a `$defs` entry that the schema's owner adds. */
export function lazy<T>(name: string, shape: () => Shape<T>): Shape<T> {
  return { schema: { $ref: `#/$defs/${name}` }, check: (value, walk) => shape().check(value, walk) };
}

/** The same shape with words for editors. */
export function described<T>(description: string, shape: Shape<T>): Shape<T> {
  return typeof shape.schema === "object" && shape.schema !== null && !Array.isArray(shape.schema)
    ? { ...shape, schema: { ...shape.schema, description } }
    : shape;
}

export function digest(): Shape<Digest> {
  return guarded("sha256: and 64 lower-case hex digits", "^sha256:[0-9a-f]{64}$", isDigest);
}

export function timestamp(): Shape<Timestamp> {
  const pattern = "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$";
  return guarded("a UTC time with milliseconds, as 2026-01-05T08:00:00.000Z", pattern, isTimestamp);
}

/** A string held to a guard; `pattern` is its nearest regular expression, for the schema. */
export function guarded<T extends string>(
  expected: string,
  pattern: string,
  guard: (value: unknown) => value is T,
): Shape<T> {
  return {
    schema: { type: "string", pattern },
    check: (value, walk) => {
      if (!guard(value)) {
        misfit(walk, typeof value === "string" ? "value" : "type", expected, value);
      }
    },
  };
}

function checkAt(shape: Shape<unknown>, value: unknown, part: PathPart, walk: Walk): void {
  walk.path.push(part);
  shape.check(value, walk);
  walk.path.pop();
}

function misfit(walk: Walk, problem: "type" | "value", expected: string, value: unknown): void {
  walk.misfits.push({ problem, path: [...walk.path], expected, found: show(value) });
}

/** A short name for a value in a message: never more than 60 characters of it. */
function show(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "number") {
    return String(value);
  }
  if (typeof value === "string") {
    const text = value.length > 60 ? `${value.slice(0, 57)}...` : value;
    return JSON.stringify(text);
  }
  return Array.isArray(value) ? "an array" : "an object";
}
