/** One `${{ … }}` of a string: its outer limits, and the source between the braces as written. */
export type ExpressionSpan = { readonly start: number; readonly end: number; readonly source: string };

/**
 * The expressions of a string, left to right; `$${{` is none. An expression ends at the first `}}` outside its own
 * braces and string literals. One that never ends reaches to the end of the text with `closed` false.
 */
export function expressionSpans(text: string): readonly (ExpressionSpan & { readonly closed: boolean })[] {
  const spans: (ExpressionSpan & { closed: boolean })[] = [];
  let from = 0;
  for (let at = text.indexOf("${{"); at !== -1; at = text.indexOf("${{", from)) {
    if (text[at - 1] === "$" && at - 1 >= from) {
      from = at + 3;
      continue;
    }
    const close = endOfExpression(text, at + 3);
    const end = close === undefined ? text.length : close + 2;
    spans.push({ start: at, end, source: text.slice(at + 3, close), closed: close !== undefined });
    from = end;
  }
  return spans;
}

export function hasExpression(text: string): boolean {
  return text.includes("${{") && expressionSpans(text).length > 0;
}

/** True when the text is one `${{ … }}` and nothing else. */
export function isWholeExpression(text: string): boolean {
  if (!text.startsWith("${{")) {
    return false;
  }
  const [first] = expressionSpans(text);
  return first?.closed === true && first.end === text.length;
}

/** The place of the `}}` that ends an expression starting at `from`. */
function endOfExpression(text: string, from: number): number | undefined {
  let open = 0;
  let at = from;
  while (at < text.length) {
    const unit = text[at];
    if (unit === '"' || unit === "'") {
      at = endOfLiteral(text, at);
      continue;
    }
    if (unit === "{") {
      open += 1;
    } else if (unit === "}") {
      if (open === 0 && text[at + 1] === "}") {
        return at;
      }
      open = Math.max(0, open - 1);
    }
    at += 1;
  }
  return undefined;
}

/** The place after a CEL string literal: one line, `\` escapes, also `"""…"""`. */
function endOfLiteral(text: string, at: number): number {
  const quote = text[at] ?? "";
  const fence = text.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
  let place = at + fence.length;
  while (place < text.length && !text.startsWith(fence, place)) {
    place += text[place] === "\\" ? 2 : 1;
  }
  return place + fence.length;
}
