import { fail, ok, type Result } from "#fault/result.ts";
import { bool, describeType, dyn, type CelType } from "./cel-type.ts";

/** Why two operands have no operation in common; `result` is what it would have given. */
export type NoOperation = { readonly expected: string; readonly hint?: string; readonly result: CelType };

/** The result type of an operator of CEL (its specification, "Standard definitions"). Types that are not known fit. */
export function celOperation(operator: string, a: CelType, b: CelType): Result<CelType, NoOperation> {
  switch (operator) {
    case "==":
    case "!=":
      return equality(a, b);
    case "in":
      return membership(a, b);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return order(a, b);
    default:
      return arithmetic(operator, a, b);
  }
}

const NUMBERS: ReadonlySet<CelType["kind"]> = new Set(["int", "double"]);

function mixesNumbers(a: CelType, b: CelType): boolean {
  return a.kind !== b.kind && NUMBERS.has(a.kind) && NUMBERS.has(b.kind);
}

const CONVERT = "an int and a double never mix: write 2.0 for a double, or convert with int() or double()";

function equality(a: CelType, b: CelType): Result<CelType, NoOperation> {
  if (a.kind === "dyn" || b.kind === "dyn" || sameFamily(a, b) || mayBeNull(a, b) || mayBeNull(b, a)) {
    return ok(bool);
  }
  const nullSide = a.kind === "null" ? b : b.kind === "null" ? a : undefined;
  const hint =
    nullSide === undefined
      ? mixesNumbers(a, b)
        ? CONVERT
        : `convert one side, as in string(x) == "…"`
      : `${describeType(nullSide)} is never null: ask has(…) whether there is a value`;
  return fail({ expected: "two values of one type", hint, result: bool });
}

function sameFamily(a: CelType, b: CelType): boolean {
  return familyOf(a) === familyOf(b);
}

function familyOf({ kind }: CelType): string {
  return kind === "record" ? "map" : kind;
}

function mayBeNull(asked: CelType, other: CelType): boolean {
  return asked.kind === "null" && other.kind === "record" && other.nullable === true;
}

function membership(a: CelType, b: CelType): Result<CelType, NoOperation> {
  if (b.kind === "dyn") {
    return ok(bool);
  }
  if (b.kind === "list") {
    return b.item.kind === "dyn" || a.kind === "dyn" || sameFamily(a, b.item) || mayBeNull(a, b.item)
      ? ok(bool)
      : fail({ expected: "a value of the list's type in a list", result: bool });
  }
  const isObject = b.kind === "map" || (b.kind === "record" && b.spaceOnly !== true);
  return isObject && (a.kind === "string" || a.kind === "dyn")
    ? ok(bool)
    : fail({ expected: "a value in a list, or a name in an object", result: bool });
}

function order(a: CelType, b: CelType): Result<CelType, NoOperation> {
  const ordered: readonly CelType["kind"][] = ["string", "int", "double", "bool", "dyn"];
  const fits = a.kind === "dyn" || b.kind === "dyn" || a.kind === b.kind || mixesNumbers(a, b);
  return fits && ordered.includes(a.kind) && ordered.includes(b.kind)
    ? ok(bool)
    : fail({ expected: "two numbers or two strings", result: bool });
}

function arithmetic(operator: string, a: CelType, b: CelType): Result<CelType, NoOperation> {
  const known = a.kind === "dyn" ? b : a;
  const kinds: readonly CelType["kind"][] =
    operator === "+" ? ["int", "double", "string", "list"] : operator === "%" ? ["int"] : ["int", "double"];
  if (known.kind === "dyn") {
    return ok(dyn);
  }
  if (!kinds.includes(known.kind) || (a.kind !== "dyn" && b.kind !== "dyn" && a.kind !== b.kind)) {
    const expected = operator === "+" ? "two numbers of one type, two strings or two lists" : "two numbers of one type";
    const hint = mixesNumbers(a, b) ? CONVERT : undefined;
    return fail({
      expected: operator === "%" ? "two ints" : expected,
      result: dyn,
      ...(hint === undefined ? {} : { hint }),
    });
  }
  return ok(known.kind === "list" ? { kind: "list", item: dyn } : known);
}
