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
    .map((word) => (/^[^\s"'\\]+$/.test(withoutExpressions(word)) ? word : JSON.stringify(word)))
    .join(" ");
}

/** A text with `x` for each of its expressions. Looked for by hand: a pattern would look for the end of each that has none. */
function withoutExpressions(text: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let at = text.indexOf("${{"); at !== -1; at = text.indexOf("${{", from)) {
    const end = text.indexOf("}}", at + 3);
    if (end === -1) {
      break;
    }
    parts.push(text.slice(from, at), "x");
    from = end + 2;
  }
  return [...parts, text.slice(from)].join("");
}
