import * as fc from "fast-check";
import t from "tap";
import type { Diagnostic } from "#fault/diagnostic.ts";
import type { Range } from "#fault/place.ts";
import { diagnosticRenderer } from "#fault/source-frame.ts";

const plain = { color: (_: string, text: string): string => text };

function at(line: number, column: number, endLine = line, endColumn = column + 1): Range {
  return { start: { line, column }, end: { line: endLine, column: endColumn } };
}

function finding(range: Range | undefined, more: Partial<Diagnostic> = {}): Diagnostic {
  const made: Diagnostic = { code: "A_CODE", severity: "error", message: "it is wrong", file: "pack.yaml", ...more };
  return range === undefined ? made : { ...made, range };
}

const shownPlainly = (found: Diagnostic, text: string | undefined): string => diagnosticRenderer(text, plain)(found);

/** The two lines under the empty bar. */
function frame(text: string, range: Range): readonly string[] {
  return shownPlainly(finding(range), text).split("\n").slice(3, 5);
}

t.test("a finding shows its line with carets under the place, its help, and where to read more", async (t) => {
  const text = `${"\n".repeat(13)}      run: {comand: [echo, hi]}\n`;
  const found = finding(at(14, 13, 14, 19), {
    code: "PACK_UNKNOWN_FIELD",
    message: 'unknown field "comand"',
    hint: 'did you mean "command"?',
  });
  t.equal(
    shownPlainly(found, text),
    [
      'error[PACK_UNKNOWN_FIELD]: unknown field "comand"',
      "  --> pack.yaml:14:13",
      "   |",
      "14 |       run: {comand: [echo, hi]}",
      "   |             ^^^^^^",
      '   = help: did you mean "command"?',
      "   = see: packrun explain PACK_UNKNOWN_FIELD",
    ].join("\n"),
  );
});

t.test("without a source there is no frame, without a range no place", async (t) => {
  t.equal(
    shownPlainly(finding(at(3, 1)), undefined),
    "error[A_CODE]: it is wrong\n --> pack.yaml:3:1\n  = see: packrun explain A_CODE",
  );
  t.equal(
    shownPlainly(finding(undefined, { severity: "warning" }), "a"),
    "warning[A_CODE]: it is wrong\n --> pack.yaml\n  = see: packrun explain A_CODE",
  );
});

t.test("related places of the same file have their own frames, in one gutter", async (t) => {
  const related = [
    { message: "the first one stands here", file: "pack.yaml", range: at(1, 1, 1, 2) },
    { message: "and there", file: "other.yaml", range: at(100, 1) },
  ];
  t.equal(
    shownPlainly(finding(at(2, 1, 2, 2), { related }), "a: 1\na: 2\n"),
    [
      "error[A_CODE]: it is wrong",
      "   --> pack.yaml:2:1",
      "    |",
      "  2 | a: 2",
      "    | ^",
      "    = note: the first one stands here",
      "   --> pack.yaml:1:1",
      "    |",
      "  1 | a: 1",
      "    | ^",
      "    = note: and there",
      "   --> other.yaml:100:1",
      "    = see: packrun explain A_CODE",
    ].join("\n"),
  );
});

t.test("tabs, wide characters and combining marks do not move the caret", async (t) => {
  t.strictSame(frame("\ta:\tb", at(1, 5)), ["1 |     a:    b", `  | ${" ".repeat(10)}^`]);
  t.strictSame(frame("漢字: x", at(1, 5)), ["1 | 漢字: x", "  |       ^"]);
  t.strictSame(frame("e\u0301: x", at(1, 5)), ["1 | e\u0301: x", "  |    ^"]);
  t.strictSame(frame("😀: x", at(1, 1, 1, 3)), ["1 | 😀: x", "  | ^^"]);
});

t.test("a range over several lines is marked to the end of its first, an empty one by one caret", async (t) => {
  t.strictSame(frame("a: [b,\n  c]", at(1, 4, 2, 5)), ["1 | a: [b,", "  |    ^^^"]);
  t.strictSame(frame("ab", at(1, 3, 1, 3)), ["1 | ab", "  |   ^"]);
  t.strictSame(frame("a\r\nb\r\n", at(1, 1)), ["1 | a", "  | ^"]);
  t.strictSame(frame("a\n", at(9, 4)), ["9 |", "  | ^"], "a line that is not there");
});

t.test("long lines are cropped around the place", async (t) => {
  const [source = "", carets = ""] = frame(`${"a".repeat(300)}HERE${"b".repeat(300)}`, at(1, 301, 1, 305));
  t.ok(source.length < 120);
  t.match(source, /^1 \| …a+HEREb+…$/);
  t.equal(source.indexOf("HERE"), carets.indexOf("^"));
  t.match(carets, / \^{4}$/);
});

t.test("no control or bidi character reaches the terminal", async (t) => {
  const text = "a: \u001b[31m \u202e x\u0000\u200b";
  const shown = shownPlainly(
    finding(at(1, 1), { message: "bad \u001b[2J", hint: "\u2066", file: "p\u0007.yaml" }),
    text,
  );
  t.match(shown, "a: \\u{1B}[31m \\u{202E} x\\u{0}\\u{200B}");
  t.match(shown, "bad \\u{1B}[2J");
  t.notMatch(shown.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
});

t.test("styles are put around whole parts", async (t) => {
  const styled = diagnosticRenderer("a", { color: (style, part) => `<${style}>${part}</>` })(
    finding(at(1, 1), { hint: "h" }),
  );
  t.match(styled, "<error>error[A_CODE]</>: it is wrong");
  t.match(styled, "<caret>^</>");
  t.match(styled, "<hint>help:</> h");
});

t.test("whatever is shown, every line is printable and the carets stand inside the frame", async () => {
  const text = fc.string({ unit: "binary", maxLength: 300 });
  const place = fc.tuple(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 310 }),
    fc.integer({ min: 0, max: 9 }),
  );
  fc.assert(
    fc.property(text, place, (source, [line, column, length]) => {
      const shown = shownPlainly(finding(at(line, column, line, column + length)), source);
      return !/[\p{Cc}\p{Cf}]/u.test(shown.replaceAll("\n", "")) && shown.split("\n").length === 6;
    }),
  );
});
