import { expressionSpans } from "#pack/expression-text.ts";

/** An expression inside a text: its source without the white space around it, and where that source begins. */
export type TemplateExpression = { readonly source: string; readonly offset: number; readonly closed: boolean };
export type TemplatePart = string | TemplateExpression;

/** A string of a pack taken apart: its texts, with `$${{` made `${{`, and its expressions, in order. No empty text. */
export function templateParts(text: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let from = 0;
  const addText = (end: number): void => {
    if (end > from) {
      parts.push(literalText(text.slice(from, end)));
    }
  };
  for (const { start, end, source, closed } of expressionSpans(text)) {
    addText(start);
    const trimmed = trimAscii(source);
    parts.push({ source: trimmed, offset: start + 3 + source.indexOf(trimmed), closed });
    from = end;
  }
  addText(text.length);
  return parts;
}

/** A string without expressions as it is meant: `$${{` stands for `${{`. */
export function literalText(text: string): string {
  return text.includes("$${{") ? text.replaceAll("$${{", "${{") : text;
}

function trimAscii(text: string): string {
  return text.replaceAll(/^[\t\n\v\f\r ]+|[\t\n\v\f\r ]+$/g, "");
}
