import * as fc from "fast-check";
import t from "tap";
import { expressionSpans, hasExpression, isWholeExpression } from "#pack/expression-text.ts";

function sources(text: string): readonly string[] {
  return expressionSpans(text).map(({ source }) => source);
}

t.test("expressions are found with their place", async (t) => {
  t.strictSame(expressionSpans("a ${{ b }} c${{d}}"), [
    { start: 2, end: 10, source: " b ", closed: true },
    { start: 12, end: 18, source: "d", closed: true },
  ]);
  t.strictSame(sources("no {{ expression }} $ {{ here }}"), []);
});

t.test("an expression ends at the first }} outside its own braces and literals", async (t) => {
  t.strictSame(sources('${{ {"a": {"b": 1}} }}'), [' {"a": {"b": 1}} ']);
  t.strictSame(sources("${{ \"}}\" + '}}' }}x"), [" \"}}\" + '}}' "]);
  t.strictSame(sources('${{ "\\"}}" }}'), [' "\\"}}" ']);
  t.strictSame(sources('${{ """a"}}""" }}'), [' """a"}}""" ']);
});

t.test("$${{ is a literal, and what never ends says so", async (t) => {
  t.strictSame(sources("$${{ a }} ${{ b }}"), [" b "]);
  t.equal(hasExpression("$${{ a }}"), false);
  t.strictSame(expressionSpans("x ${{ a"), [{ start: 2, end: 7, source: " a", closed: false }]);
});

t.test("whole means one expression and nothing around it", async (t) => {
  t.ok(isWholeExpression("${{ a }}"));
  for (const text of [" ${{ a }}", "${{ a }} ", "${{ a }}${{ b }}", "$${{ a }}", "${{ a", "a"]) {
    t.notOk(isWholeExpression(text), text);
  }
});

t.test("spans never overlap and lie inside the text", async () => {
  const piece = fc.constantFrom("$", "{", "}", "${{", "}}", '"', "'", "\\", "a");
  fc.assert(
    fc.property(
      fc.array(piece).map((parts) => parts.join("")),
      (text) => {
        let last = 0;
        return expressionSpans(text).every(({ start, end }) => {
          const fine = start >= last && end > start && end <= text.length && text.startsWith("${{", start);
          last = end;
          return fine;
        });
      },
    ),
  );
});
