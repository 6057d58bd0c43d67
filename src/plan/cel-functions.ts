import type { ScalarKind } from "./cel-type.ts";

/** What a parameter takes: one of these kinds. */
type Parameter = readonly ScalarKind[];
type Signature = {
  /** Undefined for functions without a receiver. */
  readonly receiver?: "string" | "list" | "map";
  readonly parameters: readonly (Parameter | "any" | "countable")[];
  readonly result: ScalarKind | "texts" | "dyn";
};

const TEXT: Parameter = ["string"];
const INT: Parameter = ["int"];
const sizeOf = (receiver: "string" | "list" | "map"): Signature => ({ receiver, parameters: [], result: "int" });
const onText = (result: Signature["result"], ...parameters: readonly Parameter[]): Signature => ({
  receiver: "string",
  parameters,
  result,
});

/**
 * The functions that expressions may call: those of CEL whose result is the same on every machine and whose cost is
 * linear. Source: https://github.com/google/cel-spec (standard definitions) and its string extension.
 */
export const celFunctions: Readonly<Record<string, readonly Signature[]>> = {
  size: [{ parameters: ["countable"], result: "int" }, sizeOf("string"), sizeOf("list"), sizeOf("map")],
  string: [{ parameters: [["string", "int", "double", "bool"]], result: "string" }],
  int: [{ parameters: [["int", "double", "string"]], result: "int" }],
  double: [{ parameters: [["double", "int", "string"]], result: "double" }],
  bool: [{ parameters: [["bool", "string"]], result: "bool" }],
  dyn: [{ parameters: ["any"], result: "dyn" }],
  startsWith: [onText("bool", TEXT)],
  endsWith: [onText("bool", TEXT)],
  contains: [onText("bool", TEXT)],
  lowerAscii: [onText("string")],
  upperAscii: [onText("string")],
  trim: [onText("string")],
  indexOf: [onText("int", TEXT), onText("int", TEXT, INT)],
  lastIndexOf: [onText("int", TEXT), onText("int", TEXT, INT)],
  substring: [onText("string", INT), onText("string", INT, INT)],
  split: [onText("texts", TEXT), onText("texts", TEXT, INT)],
  join: [
    { receiver: "list", parameters: [], result: "string" },
    { receiver: "list", parameters: [TEXT], result: "string" },
  ],
};
export type CelSignature = Signature;

/** Macros over a list or the keys of a map: how many arguments each takes, the variable included. */
export const celMacros: Readonly<Record<string, readonly number[]>> = {
  all: [2],
  exists: [2],
  exists_one: [2],
  filter: [2],
  map: [2, 3],
};

/** What CEL has and expressions do not, with the reason. */
export const leftOut: Readonly<Record<string, string>> = {
  matches: "a pattern can take exponential time",
  bind: "it can double a value at every step",
  type: "types are no data",
  uint: "JSON has no unsigned integers",
  bytes: "JSON has no bytes",
  json: "JSON has no bytes",
  hex: "JSON has no bytes",
  base64: "JSON has no bytes",
  timestamp: "times depend on where they are read",
  duration: "durations are no JSON values",
};

/** Names that the CEL library keeps for itself. */
export const celConstants: ReadonlySet<string> = new Set(
  "string bool int uint double map list bytes null_type type google cel optional".split(" "),
);
