import * as fc from "fast-check";
import t from "tap";
import { lineIndex } from "#pack/line-index.ts";

t.test("offsets become lines and columns from 1", async (t) => {
  const { position } = lineIndex("ab\ncd\r\n\nx");
  t.strictSame([0, 2, 3, 6, 7, 8, 9].map(position), [
    { line: 1, column: 1 },
    { line: 1, column: 3 },
    { line: 2, column: 1 },
    { line: 2, column: 4 },
    { line: 3, column: 1 },
    { line: 4, column: 1 },
    { line: 4, column: 2 },
  ]);
});

t.test("every offset is where counting line feeds puts it, and none lies outside the text", async () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "\n", "\r\n") }),
      fc.integer({ min: -5, max: 60 }),
      (text, offset) => {
        const inside = Math.min(Math.max(offset, 0), text.length);
        const before = text.slice(0, inside).split("\n");
        const { line, column } = lineIndex(text).position(offset);
        return line === before.length && column === (before.at(-1) ?? "").length + 1;
      },
    ),
  );
});
