import fc from "fast-check";
import t from "tap";
import { fitEnd, fitMiddle, textWidth } from "#view/text-width.ts";

t.test("wide characters take two columns, combining and invisible ones none", (t) => {
  t.equal(textWidth("abc"), 3);
  t.equal(textWidth("日本語"), 6);
  t.equal(textWidth("ｆｕｌｌ"), 8);
  t.equal(textWidth("e\u0301"), 1);
  t.equal(textWidth("a\u200db"), 2);
  t.equal(textWidth("🚀"), 2);
  t.equal(textWidth("❤\ufe0f"), 2);
  t.end();
});

t.test("what fits stays as it is, what does not is cut with a sign", (t) => {
  t.equal(fitEnd("abc", 3), "abc");
  t.equal(fitEnd("abcd", 3), "ab…");
  t.equal(fitEnd("日本語", 5), "日本…");
  t.equal(fitEnd("日本語", 4), "日…");
  t.equal(fitEnd("abc", 0), "");
  t.equal(fitMiddle("deploy-eu-west-1", 9), "depl…st-1");
  t.equal(fitMiddle("deploy", 6), "deploy");
  t.equal(fitMiddle("deploy", 1), "…");
  t.equal(fitMiddle("deploy", -3), "");
  t.end();
});

t.test("a tab is a space, and control characters show as what they are", (t) => {
  t.equal(fitEnd("a\tb", 9), "a b");
  t.equal(fitEnd("\u001b[2Jx", 9), "\\x1b[2Jx");
  t.equal(fitEnd("\u001b[2J".repeat(4), 9), "\\x1b[2J\\…");
  t.end();
});

t.test("no text gets more columns than it was given", (t) => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 40 }), (any, columns) => {
      t.ok(textWidth(fitEnd(any, columns)) <= columns);
      t.ok(textWidth(fitMiddle(any, columns)) <= columns);
    }),
    { numRuns: 200 },
  );
  t.end();
});
