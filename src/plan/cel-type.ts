import type { ExpressionProblem } from "./expression-problem.ts";

export type ScalarKind = "string" | "int" | "double" | "bool";

/** What is known of a value before it exists. `dyn`: nothing. */
export type CelType =
  | { readonly kind: "dyn" | "null" | ScalarKind }
  | { readonly kind: "list"; readonly item: CelType }
  /** An object whose member names are not declared. */
  | { readonly kind: "map"; readonly value: CelType }
  | CelRecord;

/** An object with declared members. */
export type CelRecord = {
  readonly kind: "record";
  /** What it is, for messages: `a file`, `step "scan"`. */
  readonly title: string;
  /** Undefined: there is no such member. */
  readonly member: (name: string) => CelType | Refusal | undefined;
  readonly names: () => Iterable<string>;
  /** True where null may stand instead, as for an item of a map that did not succeed. */
  readonly nullable?: boolean;
  /** True when only its members have meaning: it is no value by itself, and its members are named literally. */
  readonly spaceOnly?: boolean;
  /** True when it stands for a file or a directory. */
  readonly reference?: boolean;
};

/** A member that exists and may not be used here. */
export type Refusal = {
  readonly kind: "refused";
  readonly code: ExpressionProblem["code"];
  readonly data: ExpressionProblem["data"];
  readonly hint?: string;
};

export const dyn: CelType = { kind: "dyn" };
export const text: CelType = { kind: "string" };
export const int: CelType = { kind: "int" };
export const double: CelType = { kind: "double" };
export const bool: CelType = { kind: "bool" };

export function recordOf(title: string, members: Readonly<Record<string, CelType>>): CelRecord {
  return {
    kind: "record",
    title,
    member: (name) => (Object.hasOwn(members, name) ? members[name] : undefined),
    names: () => Object.keys(members),
  };
}

/** The type of a JSON Schema type name, as inputs and outputs declare it. */
export function declaredType(type: "string" | "integer" | "number" | "boolean" | "object" | "array"): CelType {
  switch (type) {
    case "string":
      return text;
    case "integer":
      return int;
    case "number":
      return double;
    case "boolean":
      return bool;
    case "object":
      return { kind: "map", value: dyn };
    case "array":
      return { kind: "list", item: dyn };
  }
}

/** A type as messages show it. */
export function describeType(type: CelType): string {
  switch (type.kind) {
    case "dyn":
      return "a value of any type";
    case "null":
      return "null";
    case "string":
      return "a string";
    case "int":
      return "an int";
    case "double":
      return "a double";
    case "bool":
      return "a bool";
    case "list":
      return "a list";
    case "map":
      return "an object";
    case "record":
      return type.title;
  }
}
