import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { describeType, dyn, text as textType, type CelType } from "./cel-type.ts";
import { nameOf, printInText } from "./evaluate-template.ts";
import type { ExpressionReader, Place, ReadExpression } from "./expression-reader.ts";
import { isCel, type Cel, type Template } from "./plan.ts";
import { INPUTS_FOLDER } from "./step-scope.ts";
import { literalText, templateParts, type TemplatePart } from "./template-text.ts";
import { kindOf, textHint } from "./text-hint.ts";

/** What a place in the pack takes. */
export type Want = "text" | "any" | "condition" | "list" | "reference";

/** A compiled value, and what is known of it. */
export type Compiled = { readonly value: Template; readonly type: CelType };

/** What stands for a value with findings: as one that nobody knows, it gives rise to no other finding. */
const WRONG: Compiled = { value: { $cel: [] }, type: dyn };

/** Whether something is wrong with what was compiled to this value. */
export function isWrong(value: Template): boolean {
  return isCel(value) && value.$cel.length === 0;
}

/**
 * Compiles a string of the pack. When all its expressions depend on inputs and pack alone it becomes their result, else
 * it stays whole, as `{"$cel": …}`. An expression alone keeps its type; text beside it makes a string.
 */
export function compileString(text: string, want: Want, place: Place, reader: ExpressionReader): Compiled {
  if (!text.includes("${{")) {
    return { value: text, type: textType };
  }
  const parts = templateParts(text);
  const expressions = parts.filter((part) => typeof part === "object");
  if (expressions.length === 0) {
    return { value: literalText(text), type: textType };
  }
  const wanted = parts.length === 1 ? want : "text";
  const read = expressions.map((expression) => readFitting(expression, wanted, place, reader));
  const sound = read.filter((each) => each !== undefined);
  if (sound.length < read.length) {
    return WRONG;
  }
  const type = parts.length === 1 ? (sound[0]?.type ?? dyn) : textType;
  return { value: assemble(parts, sound), type };
}

/** Every string inside a JSON value may hold expressions; names of members are only names. */
export function compileJson(given: Json, place: Place, reader: ExpressionReader): Template {
  if (typeof given === "string") {
    return compileString(given, "any", place, reader).value;
  }
  if (Array.isArray(given)) {
    return given.map((item: Json, at) => compileJson(item, below(place, at), reader));
  }
  return isJsonObject(given) ? compileMembers(given, place, reader) : given;
}

/** The same for an object, whose members' names stay. */
export function compileMembers(given: JsonObject, place: Place, reader: ExpressionReader): JsonObject {
  return Object.fromEntries(
    Object.entries(given).map(([name, member]) => [name, compileJson(member, below(place, name), reader)]),
  );
}

export function below({ path, viewer }: Place, part: string | number): Place {
  return { path: () => [...path(), part], viewer };
}

/** Reads an expression and holds it to its place: by its type where the value is not known yet. */
function readFitting(
  expression: Exclude<TemplatePart, string>,
  want: Want,
  place: Place,
  reader: ExpressionReader,
): ReadExpression | undefined {
  const read = reader.read(expression, place);
  if (read === undefined) {
    return undefined;
  }
  if (!canBe(read.type, want)) {
    reader.refuse(expression, refusal(want, describeType(read.type), read.type.kind), place);
    return undefined;
  }
  if (!read.value.known) {
    return read;
  }
  const json = fit(read.value.json, want);
  if (json === undefined) {
    const { json: found } = read.value;
    reader.refuse(expression, refusal(want, nameOf(found), kindOf(found)), place);
    return undefined;
  }
  return { ...read, value: { known: true, json } };
}

function refusal(want: Want, found: string, kind: CelType["kind"]): Parameters<ExpressionReader["refuse"]>[1] {
  return { expected: WANTED[want], found, ...(want === "text" ? textHint(kind) : {}) };
}

function assemble(parts: readonly TemplatePart[], read: readonly ReadExpression[]): Template {
  const known = read.flatMap(({ value }) => (value.known ? [value.json] : []));
  if (known.length < read.length) {
    const cel: Cel = { $cel: parts.map((part) => (typeof part === "string" ? part : { expr: part.source })) };
    return cel;
  }
  if (parts.length === 1) {
    return known[0] ?? null;
  }
  const printed = known.values();
  return parts.map((part) => (typeof part === "string" ? part : printedText(printed.next().value))).join("");
}

/** Values inside a text were made strings when they were held to their place. */
function printedText(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

const WANTED: Readonly<Record<Want, string>> = {
  text: "a string, number or boolean",
  any: "a value",
  condition: "true or false",
  list: "a list",
  reference: "a file or a directory",
};
const KINDS: Readonly<Record<"text" | "condition" | "list", readonly CelType["kind"][]>> = {
  text: ["string", "int", "double", "bool"],
  condition: ["bool"],
  list: ["list"],
};

function canBe(type: CelType, want: Want): boolean {
  if (type.kind === "dyn" || want === "any") {
    return true;
  }
  return want === "reference" ? type.kind === "record" && type.reference === true : KINDS[want].includes(type.kind);
}

/** The value as the plan holds it at such a place; undefined when it does not fit. */
function fit(value: Json, want: Want): Json | undefined {
  switch (want) {
    case "text": {
      const printed = printInText(value);
      return printed.ok ? printed.value : undefined;
    }
    case "condition":
      return typeof value === "boolean" ? value : undefined;
    case "list":
      return Array.isArray(value) ? value : undefined;
    case "reference":
      return isReference(value) ? planReference(value) : undefined;
    case "any":
      return isReference(value) ? planReference(value) : value;
  }
}

function isReference(value: Json): value is JsonObject {
  return (
    isJsonObject(value) &&
    (value["type"] === "file" || value["type"] === "directory") &&
    typeof value["digest"] === "string" &&
    typeof value["path"] === "string" &&
    value["path"].startsWith(`${INPUTS_FOLDER}/`)
  );
}

/** An input's file or directory stands in the plan as among its inputs: without the path inside a step. */
function planReference(value: JsonObject): Json {
  const { path: _path, ...reference } = value;
  return reference;
}
