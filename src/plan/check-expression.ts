import type { ASTNode } from "@marcbachmann/cel-js";
import { celFunctions, celMacros, type CelSignature } from "./cel-functions.ts";
import { celOperation } from "./cel-operation.ts";
import type { CelProgram } from "./cel-program.ts";
import { bool, describeType, double, dyn, int, text, type CelRecord, type CelType } from "./cel-type.ts";
import { expect, listOf, need, unknown, type Check, type Scope } from "./expression-check.ts";
import type { ExpressionProblem } from "./expression-problem.ts";
import { textHint } from "./text-hint.ts";

export type Checked = { readonly type: CelType; readonly problems: readonly ExpressionProblem[] };

/** The type of an expression where it stands, and all that is wrong with it there. Never throws. */
export function checkExpression(program: CelProgram, scope: Scope): Checked {
  const check: Check = { source: program.source, problems: [], nearest: scope.nearest };
  const type = typeOf(program.ast, scope, check);
  if (type.kind === "record" && type.spaceOnly === true) {
    expect(check, program.ast, "a value", type);
  }
  return { type, problems: check.problems };
}

function typeOf(node: ASTNode, scope: Scope, check: Check): CelType {
  switch (node.op) {
    case "value":
      return literalType(node.args);
    case "id":
      return scope.variable(node.args) ?? unknownVariable(check, node, node.args, scope);
    case ".":
    case ".?":
      return memberType(node, typeOf(node.args[0], scope, check), node.args[1], check);
    case "[]":
    case "[?]":
      return indexedType(node, node.args, scope, check);
    case "call":
      return node.args[0] === "has"
        ? hasType(node.args[1], scope, check)
        : callType(node, node.args[0], undefined, node.args[1], scope, check);
    case "rcall":
      return Object.hasOwn(celMacros, node.args[0])
        ? macroType(node.args[0], node.args[1], node.args[2], scope, check)
        : callType(node, node.args[0], typeOf(node.args[1], scope, check), node.args[2], scope, check);
    case "list":
      return { kind: "list", item: common(node.args.map((item) => typeOf(item, scope, check))) };
    case "map":
      return objectType(node.args, scope, check);
    case "?:":
      return ternaryType(node, node.args, scope, check);
    case "||":
    case "&&":
      node.args.forEach((side) => need(check, side, "true or false", typeOf(side, scope, check), ["bool"]));
      return bool;
    case "!_":
      need(check, node.args, "true or false", typeOf(node.args, scope, check), ["bool"]);
      return bool;
    case "-_":
      return need(check, node.args, "a number", typeOf(node.args, scope, check), ["int", "double"]);
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
      return binaryType(node, node.op, node.args, scope, check);
  }
}

function literalType(value: unknown): CelType {
  if (typeof value === "string") {
    return text;
  }
  if (typeof value === "bigint" || typeof value === "number") {
    return typeof value === "bigint" ? int : double;
  }
  return value === null ? { kind: "null" } : bool;
}

function memberType(node: ASTNode, owner: CelType, name: string, check: Check): CelType {
  switch (owner.kind) {
    case "dyn":
      return dyn;
    case "map":
      return owner.value;
    case "record":
      return recordMember(node, owner, name, check);
    case "list": {
      const hint = "it is a list: take one item as in x[0], or look at all of them with x.all(i, …) or x.map(i, …)";
      return expect(check, node, `an object with "${name}"`, owner, hint);
    }
    case "null":
    case "string":
    case "int":
    case "double":
    case "bool":
      return expect(check, node, `an object with "${name}"`, owner);
  }
}

function recordMember(node: ASTNode, owner: CelRecord, name: string, check: Check): CelType {
  const found = owner.member(name);
  if (found === undefined) {
    const shown = check.source.slice(node.start, node.end);
    const others = listOf(owner);
    return unknown(check, node, shown.length > 80 ? name : shown, owner.names(), { name, others });
  }
  if (found.kind === "refused") {
    const { code, data, hint } = found;
    const place = { start: node.start, end: node.end };
    check.problems.push(hint === undefined ? { code, data, ...place } : { code, data, ...place, hint });
    return dyn;
  }
  return found;
}

function indexedType(
  node: ASTNode,
  [ownerNode, indexNode]: readonly [ASTNode, ASTNode],
  scope: Scope,
  check: Check,
): CelType {
  const owner = typeOf(ownerNode, scope, check);
  const index = typeOf(indexNode, scope, check);
  switch (owner.kind) {
    case "dyn":
      return dyn;
    case "list":
      need(check, indexNode, "an int", index, ["int"]);
      return owner.item;
    case "map":
      need(check, indexNode, "a string", index, ["string"]);
      return owner.value;
    case "record":
      if (indexNode.op === "value" && typeof indexNode.args === "string") {
        return recordMember(node, owner, indexNode.args, check);
      }
      need(check, indexNode, "a string", index, ["string"]);
      return owner.spaceOnly === true ? expect(check, indexNode, "a name in quotes", index) : dyn;
    case "null":
    case "string":
    case "int":
    case "double":
    case "bool":
      return expect(check, ownerNode, "a list or an object", owner);
  }
}

/** `has(a.b)` asks whether `b` has a value; that `b` is declared at all is checked as everywhere. */
function hasType(args: readonly ASTNode[], scope: Scope, check: Check): CelType {
  args.forEach((arg) => typeOf(arg, scope, check));
  return bool;
}

function callType(
  node: ASTNode,
  name: string,
  receiver: CelType | undefined,
  args: readonly ASTNode[],
  scope: Scope,
  check: Check,
): CelType {
  const types = args.map((arg) => typeOf(arg, scope, check));
  const candidates = (celFunctions[name] ?? []).filter(
    (each) => (each.receiver === undefined) === (receiver === undefined) && each.parameters.length === args.length,
  );
  const found = candidates.find((each) => accepts(each, receiver, types));
  const [first] = candidates;
  if (found !== undefined || first === undefined) {
    return found === undefined ? dyn : resultType(found.result);
  }
  const shown = [...(receiver === undefined ? [] : [receiver]), ...types].map(describeType).join(", ");
  const data = { expected: `what ${name}() takes`, found: shown === "" ? "nothing" : shown };
  const hint = name === "string" ? textHint(types[0]?.kind) : {};
  check.problems.push({ code: "EXPR_TYPE", data, start: node.start, end: node.end, ...hint });
  return resultType(first.result);
}

function accepts(signature: CelSignature, receiver: CelType | undefined, types: readonly CelType[]): boolean {
  const fits =
    receiver === undefined ||
    receiver.kind === "dyn" ||
    receiver.kind === signature.receiver ||
    (receiver.kind === "record" && receiver.spaceOnly !== true && signature.receiver === "map");
  return (
    fits &&
    signature.parameters.every((parameter, at) => {
      const type = types[at] ?? dyn;
      if (type.kind === "dyn") {
        return true;
      }
      if (type.kind === "record") {
        return parameter !== "any" && parameter !== "countable" ? false : type.spaceOnly !== true;
      }
      return parameter === "any" || parameter === "countable"
        ? parameter === "any" || type.kind === "string" || type.kind === "list" || type.kind === "map"
        : parameter.some((kind) => kind === type.kind);
    })
  );
}

function resultType(result: CelSignature["result"]): CelType {
  return result === "texts" ? { kind: "list", item: text } : { kind: result };
}

function macroType(
  name: string,
  range: ASTNode,
  [variable, ...bodies]: readonly ASTNode[],
  scope: Scope,
  check: Check,
): CelType {
  const over = typeOf(range, scope, check);
  const inner = variable?.op === "id" ? withVariable(scope, variable.args, itemOf(over, range, check)) : scope;
  const types = bodies.map((body) => typeOf(body, inner, check));
  const predicates = name === "map" ? bodies.slice(0, -1) : bodies;
  predicates.forEach((body, at) => need(check, body, "true or false", types[at] ?? dyn, ["bool"]));
  if (name === "map") {
    return { kind: "list", item: types.at(-1) ?? dyn };
  }
  return name === "filter" ? { kind: "list", item: itemOf(over, range, { ...check, problems: [] }) } : bool;
}

function itemOf(over: CelType, range: ASTNode, check: Check): CelType {
  switch (over.kind) {
    case "dyn":
      return dyn;
    case "list":
      return over.item;
    case "map":
      return text;
    case "record":
      return over.spaceOnly === true ? expect(check, range, "a list", over) : text;
    case "null":
    case "string":
    case "int":
    case "double":
    case "bool":
      return expect(check, range, "a list", over);
  }
}

function withVariable(scope: Scope, name: string, type: CelType): Scope {
  return {
    variable: (asked) => (asked === name ? type : scope.variable(asked)),
    names: () => [name, ...scope.names()],
    nearest: scope.nearest,
  };
}

function objectType(entries: readonly (readonly [ASTNode, ASTNode])[], scope: Scope, check: Check): CelType {
  return { kind: "map", value: common(entries.map(([, value]) => typeOf(value, scope, check))) };
}

/** The type of all of these, when it is one scalar kind. */
function common(types: readonly CelType[]): CelType {
  const [first = dyn] = types;
  const isScalar = first.kind === "string" || first.kind === "int" || first.kind === "double" || first.kind === "bool";
  return isScalar && types.every((type) => type.kind === first.kind) ? first : dyn;
}

function ternaryType(
  node: ASTNode,
  [condition, yes, no]: readonly [ASTNode, ASTNode, ASTNode],
  scope: Scope,
  check: Check,
): CelType {
  need(check, condition, "true or false", typeOf(condition, scope, check), ["bool"]);
  const [a, b] = [typeOf(yes, scope, check), typeOf(no, scope, check)];
  if (a.kind === "dyn" || b.kind === "dyn") {
    return dyn;
  }
  if (a.kind === b.kind) {
    return a.kind === "record" && a !== b && !(b.kind === "record" && a.reference === true && b.reference === true)
      ? dyn
      : a;
  }
  const objects = ["map", "record"];
  if (objects.includes(a.kind) && objects.includes(b.kind)) {
    return dyn;
  }
  const data = { expected: "two results of one type", found: `${describeType(a)} and ${describeType(b)}` };
  const hint = "convert one of them, or write dyn() around it where the place takes either";
  check.problems.push({ code: "EXPR_TYPE", data, hint, start: node.start, end: node.end });
  return dyn;
}

function binaryType(
  node: ASTNode,
  operator: string,
  [left, right]: readonly [ASTNode, ASTNode],
  scope: Scope,
  check: Check,
): CelType {
  const hyphenated = operator === "-" ? hyphenatedStep(node, left, scope, check) : undefined;
  if (hyphenated !== undefined) {
    return hyphenated;
  }
  const [a, b] = [typeOf(left, scope, check), typeOf(right, scope, check)];
  const operation = celOperation(operator, a, b);
  if (operation.ok) {
    return operation.value;
  }
  const { expected, hint } = operation.fault;
  const data = { expected, found: `${describeType(a)} ${operator} ${describeType(b)}` };
  const place = { start: node.start, end: node.end };
  check.problems.push({ code: "EXPR_TYPE", data, ...place, ...(hint === undefined ? {} : { hint }) });
  return operation.fault.result;
}

const SECRETS_HINT = "expressions hold no secret: give it to the step as env: {NAME: {secret: …}}";

/** Who writes `secrets.token` knows other tools, and is told how it is done here. */
function unknownVariable(check: Check, node: ASTNode, name: string, scope: Scope): CelType {
  const isSecret = name === "secrets" || name === "secret";
  const others = { name, others: isSecret ? SECRETS_HINT : undefined };
  return unknown(check, node, name, isSecret ? [] : scope.names(), others);
}

/** `steps.build-sbom` reads as a subtraction; when there is a step of that name, it was not meant so. */
function hyphenatedStep(node: ASTNode, left: ASTNode, scope: Scope, check: Check): CelType | undefined {
  const steps = scope.variable("steps");
  const written = /^steps\s*\.\s*([a-z][A-Za-z0-9_-]*)/.exec(check.source.slice(node.start))?.[1];
  if (steps?.kind !== "record" || written === undefined || left.start !== node.start) {
    return undefined;
  }
  for (let name = written; name.includes("-"); name = name.slice(0, name.lastIndexOf("-"))) {
    if (steps.member(name) !== undefined) {
      const hint = `write steps["${name}"]: a hyphen subtracts`;
      check.problems.push({
        code: "EXPR_UNKNOWN",
        data: { name: `steps.${name}` },
        start: node.start,
        end: node.start + check.source.slice(node.start).indexOf(written) + name.length,
        hint,
      });
      return dyn;
    }
  }
  return undefined;
}
