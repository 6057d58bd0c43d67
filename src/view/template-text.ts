import { isJsonObject, type Json } from "#canon/json.ts";
import { isCel } from "#plan/plan.ts";

/** A value of the plan as a pack would say it: expressions in `${{ }}`, everything that is no text as JSON. */
export function templateText(template: Json): string {
  if (typeof template === "string") {
    return template;
  }
  return isCel(template) ? celText(template) : JSON.stringify(spelledOut(template));
}

function celText({ $cel: parts }: { readonly $cel: readonly (string | { readonly expr: string })[] }): string {
  return parts.map((part) => (typeof part === "string" ? part : `\${{ ${part.expr} }}`)).join("");
}

function spelledOut(template: Json): Json {
  if (isCel(template)) {
    return celText(template);
  }
  if (Array.isArray(template)) {
    return template.map((item: Json) => spelledOut(item));
  }
  if (!isJsonObject(template)) {
    return template;
  }
  const members = Object.entries(template as Readonly<Record<string, Json>>);
  return Object.fromEntries(members.map(([name, member]) => [name, spelledOut(member)]));
}

/** An argv on one line: words that hold white space or quotes stand in quotes. */
export function argvText(argv: readonly Json[]): string {
  return argv
    .map((word) => templateText(word))
    .map((word) => (/^[^\s"'\\]+$/.test(word.replaceAll(/\$\{\{.*?\}\}/gs, "x")) ? word : JSON.stringify(word)))
    .join(" ");
}
