import type { ASTNode } from "@marcbachmann/cel-js";
import { nearestName } from "#fault/did-you-mean.ts";
import { celConstants, celFunctions, celMacros, leftOut } from "./cel-functions.ts";
import { unsafeNumber } from "./cel-number.ts";
import type { ExpressionCode } from "./expression-codes.ts";
import type { ExpressionProblem } from "./expression-problem.ts";

/** Names that an expression reads, each with the members that it reads of it; undefined: perhaps all of them. */
export type Roots = ReadonlyMap<string, ReadonlySet<string> | undefined>;

export type CelSurvey = { readonly problems: readonly ExpressionProblem[]; readonly roots: Roots };

type Walk = {
  readonly problems: ExpressionProblem[];
  readonly roots: Map<string, Set<string> | undefined>;
};

/** Variables of the macros around a place, the innermost last. */
type Macros = readonly string[];

/** Of a literal that is no value of an expression, wherever it stands in one. */
export const LITERAL_TOO_LARGE = `a number in an expression goes to ${Number.MAX_SAFE_INTEGER} at most`;

const ROOTS: ReadonlySet<string> = new Set(["inputs", "pack", "run", "steps", "with"]);

/**
 * Looks at every part of an expression once: what packrun leaves out of CEL, and what the expression reads. Hyphenated
 * names inside `has()` are brought into the one form that the library evaluates.
 */
export function surveyCel(ast: ASTNode): CelSurvey {
  const walk: Walk = { problems: [], roots: new Map() };
  visit(ast, [], walk);
  return walk;
}

function visit(node: ASTNode, macros: Macros, walk: Walk): void {
  switch (node.op) {
    case "value":
      visitLiteral(node, node.args, walk);
      return;
    case "id":
      readName(node, node.args, undefined, macros, walk);
      return;
    case ".":
    case ".?":
      visitAccess(node, node.args[0], node.args[1], macros, walk);
      return;
    case "[]":
    case "[?]":
      visitAccess(node, node.args[0], textLiteral(node.args[1]), macros, walk);
      visit(node.args[1], macros, walk);
      return;
    case "call":
      visitCall(node, node.args[0], undefined, node.args[1], macros, walk);
      return;
    case "rcall":
      visitCall(node, node.args[0], node.args[1], node.args[2], macros, walk);
      return;
    case "map":
      visitMap(node.args, macros, walk);
      return;
    case "!_":
    case "-_":
      visit(node.args, macros, walk);
      return;
    case "list":
    case "?:":
    case "||":
    case "&&":
    case "==":
    case "!=":
    case "in":
    case "<":
    case "<=":
    case ">":
    case ">=":
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
      node.args.forEach((inner) => visit(inner, macros, walk));
  }
}

function visitLiteral(node: ASTNode, value: unknown, walk: Walk): void {
  if (unsafeNumber(value) !== undefined) {
    refuse(walk, node, "EXPR_NUMBER", LITERAL_TOO_LARGE);
  } else if (typeof value === "object" && value !== null) {
    const isBytes = value instanceof Uint8Array;
    refuse(walk, node, "EXPR_SYNTAX", isBytes ? "JSON has no bytes" : "JSON has no unsigned integers");
  }
}

/** `member` is undefined where the name is used as a whole or its member is computed. */
function readName(node: ASTNode, name: string, member: string | undefined, macros: Macros, walk: Walk): void {
  if (macros.includes(name)) {
    return;
  }
  if (celConstants.has(name)) {
    walk.problems.push({ code: "EXPR_UNKNOWN", data: { name }, start: node.start, end: node.end });
    return;
  }
  const known = walk.roots.get(name);
  if (member === undefined) {
    walk.roots.set(name, undefined);
  } else if (known !== undefined) {
    known.add(member);
  } else if (!walk.roots.has(name)) {
    walk.roots.set(name, new Set([member]));
  }
}

function visitAccess(node: ASTNode, owner: ASTNode, member: string | undefined, macros: Macros, walk: Walk): void {
  if (owner.op === "id") {
    readName(node, owner.args, member, macros, walk);
  } else {
    visit(owner, macros, walk);
  }
}

function textLiteral(node: ASTNode): string | undefined {
  return node.op === "value" && typeof node.args === "string" ? node.args : undefined;
}

function visitCall(
  node: ASTNode,
  name: string,
  receiver: ASTNode | undefined,
  args: readonly ASTNode[],
  macros: Macros,
  walk: Walk,
): void {
  if (receiver === undefined && name === "has") {
    visitHas(node, args, macros, walk);
    return;
  }
  if (receiver !== undefined && Object.hasOwn(celMacros, name)) {
    visitMacro({ node, name, range: receiver, args }, macros, walk);
    return;
  }
  checkCall(node, name, receiver, args, walk);
  if (receiver !== undefined && !Object.hasOwn(leftOut, name)) {
    visit(receiver, macros, walk);
  }
  args.forEach((each) => visit(each, macros, walk));
}

function checkCall(
  node: ASTNode,
  name: string,
  receiver: ASTNode | undefined,
  args: readonly ASTNode[],
  walk: Walk,
): void {
  const signatures = Object.hasOwn(celFunctions, name) ? (celFunctions[name] ?? []) : [];
  const fitting = signatures.filter((each) => (each.receiver === undefined) === (receiver === undefined));
  if (fitting.some(({ parameters }) => parameters.length === args.length)) {
    return;
  }
  const reason = Object.hasOwn(leftOut, name)
    ? leftOut[name]
    : /^get[A-Z]/.test(name)
      ? leftOut["timestamp"]
      : undefined;
  if (reason !== undefined) {
    refuse(walk, node, "EXPR_SYNTAX", `${name}() cannot be used here: ${reason}`);
  } else if (signatures.length === 0) {
    const near = nearestName(name, [...Object.keys(celFunctions), ...Object.keys(celMacros), "has"]);
    const hint = near === undefined ? {} : { hint: `did you mean ${near}()?` };
    walk.problems.push({
      code: "EXPR_UNKNOWN",
      data: { name: `${name}()` },
      start: node.start,
      end: node.end,
      ...hint,
    });
  } else {
    const form = fitting.length === 0 ? (receiver === undefined ? "x." : "") : "";
    const problem =
      fitting.length === 0
        ? `${name}() is called as ${form}${name}(${form === "" ? "x" : "…"})`
        : `${name}() takes ${fitting.map(({ parameters }) => parameters.length).join(" or ")} arguments, not ${args.length}`;
    refuse(walk, node, "EXPR_SYNTAX", problem);
  }
}

type MacroCall = {
  readonly node: ASTNode;
  readonly name: string;
  readonly range: ASTNode;
  readonly args: readonly ASTNode[];
};

function visitMacro({ node, name, range, args }: MacroCall, macros: Macros, walk: Walk): void {
  visit(range, macros, walk);
  const [variable, ...bodies] = args;
  if (variable?.op !== "id" || !(celMacros[name] ?? []).includes(args.length)) {
    refuse(walk, node, "EXPR_SYNTAX", `${name}() takes a name and what to do with it: ${name}(x, …)`);
    return;
  }
  if (ROOTS.has(variable.args) || celConstants.has(variable.args)) {
    refuse(walk, variable, "EXPR_SYNTAX", `"${variable.args}" already means something; take another name`);
  }
  bodies.forEach((body) => visit(body, [...macros, variable.args], walk));
}

/** `has(a.b["c"])`: the library takes members only, so literal names in brackets are turned into members. */
function visitHas(node: ASTNode, args: readonly ASTNode[], macros: Macros, walk: Walk): void {
  const [asked] = args;
  const bad = (): void => refuse(walk, node, "EXPR_SYNTAX", "has() asks for one member: has(steps.x.outputs.y)");
  if (args.length !== 1 || asked === undefined || (asked.op !== "." && asked.op !== "[]")) {
    bad();
    return;
  }
  let at: ASTNode = asked;
  while (at.op === "." || at.op === "[]") {
    const [owner, index]: readonly [ASTNode, ASTNode | string] = at.args;
    const member = typeof index === "string" ? index : textLiteral(index);
    if (member === undefined) {
      bad();
      return;
    }
    if (at.op === "[]") {
      Object.assign(at, { op: ".", args: [owner, member] });
    }
    if (owner.op === "id") {
      readName(at, owner.args, member, macros, walk);
    }
    at = owner;
  }
  if (at.op !== "id") {
    bad();
  }
}

/** The library drops some names in silence and makes texts of others, so only plain literal names are let through. */
function visitMap(entries: readonly (readonly [ASTNode, ASTNode])[], macros: Macros, walk: Walk): void {
  const names = new Set<string>();
  for (const [key, value] of entries) {
    const name = textLiteral(key);
    if (name === undefined) {
      refuse(walk, key, "EXPR_SYNTAX", "the names of an object are texts in quotes");
    } else if (names.has(name)) {
      refuse(walk, key, "EXPR_SYNTAX", `the object has "${name}" twice`);
    } else if (name.startsWith("$") || name === "__proto__" || name === "constructor" || name === "prototype") {
      refuse(walk, key, "EXPR_SYNTAX", `an object of an expression cannot have the name "${name}"`);
    } else {
      names.add(name);
    }
    visit(value, macros, walk);
  }
}

function refuse(walk: Walk, { start, end }: ASTNode, code: ExpressionCode, problem: string): void {
  walk.problems.push({ code, data: { problem }, start, end });
}
