import { assert, constantFrom, integer, property, string } from "fast-check";
import t from "tap";
import { decodeUtf8, encodeUtf8 } from "#canon/utf8.ts";
import { lineSplitter } from "#verify/line-splitter.ts";

function split(chunks: readonly Uint8Array[], limit = 1000): { lines: string[]; rest: number; overflowed: boolean } {
  const lines: string[] = [];
  const splitter = lineSplitter(limit, (line) => lines.push(decodeUtf8(line) ?? "?"));
  chunks.forEach((chunk) => splitter.push(chunk));
  return { lines, rest: splitter.rest(), overflowed: splitter.overflowed() };
}

t.test("lines are the same however the stream is cut", async () => {
  const text = string({ unit: constantFrom("a", "b", "\n", "é"), maxLength: 80 });
  assert(
    property(text, integer({ min: 1, max: 9 }), (text, width) => {
      const bytes = encodeUtf8(text);
      const chunks = [];
      for (let at = 0; at < bytes.length; at += width) {
        chunks.push(bytes.slice(at, at + width));
      }
      const { lines, rest } = split(chunks);
      const parts = text.split("\n");
      const last = parts.pop() ?? "";
      return JSON.stringify(lines) === JSON.stringify(parts) && rest === encodeUtf8(last).length;
    }),
  );
});

t.test("a line beyond the limit ends the reading", async (t) => {
  const found = split([encodeUtf8("ab\nabc"), encodeUtf8("def\nx\n")], 5);
  t.same(found, { lines: ["ab"], rest: 3, overflowed: true });
});
