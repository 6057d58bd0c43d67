import fc from "fast-check";
import t from "tap";
import { LineBatcher } from "../../src/sandbox/line-batcher.ts";
import { textOf } from "./sandbox-rig.ts";

const BATCH_BYTES = 65_536;

type Part = Parameters<typeof textOf>[0][number];

/** Everything that a batcher says of these chunks; `flushAt` lists the chunks after which time has passed. */
function batchesOf(chunks: readonly Uint8Array[], flushAt: ReadonlySet<number> = new Set()): readonly Part[] {
  const batcher = new LineBatcher();
  const said: (Part | undefined)[] = [];
  chunks.forEach((chunk, at) => {
    said.push(...batcher.push(chunk));
    if (flushAt.has(at)) {
      said.push(batcher.flush());
    }
  });
  said.push(batcher.end());
  return said.filter((part) => part !== undefined);
}

const one = (text: string | Uint8Array): readonly Part[] => batchesOf([Buffer.from(text)]);

t.test("lines come without their newline, an unfinished last one is partial", async (t) => {
  t.strictSame(one(""), []);
  t.strictSame(one("a\n\nb\n"), [{ lines: ["a", "", "b"] }]);
  t.strictSame(one("a\nb"), [{ lines: ["a", "b"], partial: true }]);
});

t.test("bytes that are no UTF-8 are shown and counted", async (t) => {
  const bad: readonly (readonly [number[], string])[] = [
    [[0xff], "\\xff"],
    [[0xc0, 0xaf], "\\xc0\\xaf"],
    [[0xe2, 0x82], "\\xe2\\x82"],
    [[0xed, 0xa0, 0x80], "\\xed\\xa0\\x80"],
    [[0xf4, 0x90, 0x80, 0x80], "\\xf4\\x90\\x80\\x80"],
    [[0xf0, 0x9f, 0x98, 0x80, 0x80], "😀\\x80"],
  ];
  for (const [bytes, text] of bad) {
    const [part] = one(Uint8Array.from(bytes));
    t.strictSame(part?.lines, [text]);
    t.equal(part?.invalidBytes, text.split("\\x").length - 1);
  }
});

t.test("a line without end is cut at the bound, between characters", async (t) => {
  const parts = one("€".repeat(50_000));
  t.ok(parts.every((part) => part.partial === true && part.invalidBytes === undefined));
  t.ok(parts.every((part) => Buffer.byteLength(part.lines.join("\n")) <= BATCH_BYTES));
  t.equal(textOf(parts), "€".repeat(50_000));
});

t.test("however the bytes are cut and whenever time passes, the text is the same", async () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: fc.constantFrom("a", "\n", "é", "€", "😀", "\u0000"), maxLength: 40 }), {
        maxLength: 30,
      }),
      fc.array(fc.nat({ max: 400 }), { maxLength: 20 }),
      fc.array(fc.nat({ max: 20 }), { maxLength: 5 }),
      (texts, cuts, flushes) => {
        const text = texts.join("");
        const bytes = Buffer.from(text);
        const at = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).toSorted((a, b) => a - b), bytes.length];
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        return textOf(batchesOf(chunks, new Set(flushes))) === text;
      },
    ),
  );
});

t.test("no batch is larger than the bound, whatever the bytes are", async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 900 }), (bytes, times) => {
      const chunk = Buffer.concat(Array.from({ length: times }, () => bytes));
      const parts = batchesOf([chunk]);
      const invalid = parts.reduce((sum, part) => sum + (part.invalidBytes ?? 0), 0);
      const size = parts.reduce((sum, part) => sum + Buffer.byteLength(textOf([part])), 0);
      return (
        size === chunk.length + 3 * invalid &&
        parts.every((part) => Buffer.byteLength(textOf([part])) <= 4 * BATCH_BYTES)
      );
    }),
    { numRuns: 40 },
  );
});
