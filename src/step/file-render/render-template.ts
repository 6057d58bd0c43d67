import { isJsonObject, type Json, type JsonObject } from "#canon/json.ts";
import { fail, ok, type Result } from "#fault/result.ts";
import { nameOf, printInText } from "#plan/evaluate-template.ts";
import { isCel } from "#plan/plan.ts";
import { templateParts } from "#plan/template-text.ts";

/** A place of a template: `values.hosts[0].name` is `["hosts", 0, "name"]`. Lines count from 1. */
type TemplatePlace = {
  readonly source: string;
  readonly path: readonly (string | number)[];
  readonly line: number;
};
export type Template = readonly (string | TemplatePlace)[];
export type TemplateProblem = { readonly line: number; readonly problem: string };
export type ValueProblem = TemplateProblem & { readonly name: string };

const PART = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(0|[1-9][0-9]{0,8})\]|\["([^"\\]*)"\]/y;
const ROOT = "values";

/** Takes a template apart. Texts hold `$${{` as `${{`; everything else between `${{` and `}}` is a path into `values`. */
export function readTemplate(text: string): Result<Template, readonly TemplateProblem[]> {
  const parts: (string | TemplatePlace)[] = [];
  const problems: TemplateProblem[] = [];
  let line = 1;
  let counted = 0;
  for (const part of templateParts(text)) {
    if (typeof part === "string") {
      parts.push(part);
      continue;
    }
    const { source, offset, closed } = part;
    line += newlinesIn(text, counted, offset);
    counted = offset;
    const path = closed ? pathOf(source) : "has no }}";
    if (typeof path === "string") {
      problems.push({ line, problem: `\${{ ${source.slice(0, 80)}${closed ? " }}" : ""} ${path}` });
    } else {
      parts.push({ source, path, line });
    }
  }
  return problems.length === 0 ? ok(parts) : fail(problems);
}

function newlinesIn(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at !== -1 && at < to; at = text.indexOf("\n", at + 1)) {
    count += 1;
  }
  return count;
}

/** The path, or what is wrong with it. */
function pathOf(source: string): readonly (string | number)[] | string {
  const root = /^[A-Za-z_][A-Za-z0-9_]*/.exec(source)?.[0];
  if (root !== ROOT) {
    return root === undefined ? "is no path into values" : `begins with ${root}; only values is known here`;
  }
  const path: (string | number)[] = [];
  PART.lastIndex = root.length;
  for (let at = root.length; at < source.length; at = PART.lastIndex) {
    const found = PART.exec(source);
    if (found === null) {
      return "is no path into values: it may neither decide nor compute";
    }
    const [, name, index, quoted] = found;
    path.push(index === undefined ? (name ?? quoted ?? "") : Number(index));
  }
  return typeof path[0] === "string" ? path : "names none of the values";
}

/** The text of a template, at most `limit` UTF-16 units long, or the first place that cannot be written. */
export function renderTemplate(
  template: Template,
  values: JsonObject,
  limit: number,
): Result<string, ValueProblem | "tooLarge"> {
  const texts: string[] = [];
  let length = 0;
  for (const part of template) {
    const printed = typeof part === "string" ? ok(part) : textOf(part, values);
    if (!printed.ok) {
      return printed;
    }
    length += printed.value.length;
    if (length > limit) {
      return fail("tooLarge");
    }
    texts.push(printed.value);
  }
  return ok(texts.join(""));
}

/** What is wrong with places whatever is not known yet will be; that stands in `values` as `{"$cel": …}`. */
export function placeProblems(template: Template, values: Json): readonly ValueProblem[] {
  return template.flatMap((part) => {
    const found = typeof part === "string" ? undefined : textOf(part, values);
    return found === undefined || found.ok ? [] : [found.fault];
  });
}

function textOf({ path, source, line }: TemplatePlace, values: Json): Result<string, ValueProblem> {
  let at: Json = values;
  for (const part of path) {
    if (isCel(at)) {
      return ok("");
    }
    const next = memberOf(at, part);
    if (next === undefined) {
      return fail({ line, name: source, problem: "is not among the values" });
    }
    at = next;
  }
  if (isCel(at)) {
    return ok("");
  }
  const printed = printInText(at);
  return printed.ok ? printed : fail({ line, name: source, problem: `is ${nameOf(at)}` });
}

function memberOf(value: Json, part: string | number): Json | undefined {
  if (typeof part === "number") {
    return Array.isArray(value) ? (value as readonly Json[])[part] : undefined;
  }
  return isJsonObject(value) && Object.hasOwn(value, part) ? value[part] : undefined;
}
