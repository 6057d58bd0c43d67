import fc from "fast-check";
import t from "tap";
import { textLines } from "#client/text-lines.ts";

/** These bytes in parts of a size. */
function parts(bytes: Uint8Array, size: number): AsyncIterable<Uint8Array> {
  const count = Math.ceil(bytes.length / size);
  return ReadableStream.from(Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size)));
}

/** Line ends that count how many characters they were looked for in. */
class CountedEnds extends RegExp {
  searched = 0;

  override [Symbol.split](text: string, limit?: number): string[] {
    this.searched += text.length;
    return text.split("\n", limit);
  }
}

t.test("wherever a text is cut, its lines are those of the whole", async () => {
  const piece = fc.constantFrom("a", "ä", "€", "\n", "\r", "\r\n", "");
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 20 }), fc.integer({ min: 1, max: 7 }), async (pieces, size) => {
      const text = pieces.join("");
      for (const ends of ["\n", /\r\n|\n|\r/] as const) {
        // A carriage return that nothing follows may be half of an end: it stays.
        const cut = text.endsWith("\r") ? [text.slice(0, -1), "\r"] : [text, ""];
        const whole = (cut[0] ?? "").split(ends);
        const last = `${whole.pop() ?? ""}${cut[1] ?? ""}`;
        const found = await Array.fromAsync(textLines(parts(Buffer.from(text), size), ends));
        const wanted = last === "" ? whole : [...whole, last];
        if (JSON.stringify(found) !== JSON.stringify(wanted)) {
          throw new Error(`${JSON.stringify(text)} by ${size}: ${JSON.stringify(found)}`);
        }
      }
    }),
  );
});

t.test("a line without an end is searched once, however many parts it comes in", async (t) => {
  const long = Buffer.alloc(100_000, "x");
  const ends = new CountedEnds("\n");
  const lines = await Array.fromAsync(textLines(parts(long, 100), ends));
  t.strictSame([lines.length, lines[0]?.length], [1, long.length]);
  t.ok(ends.searched <= 2 * long.length, `${ends.searched} characters`);
});

t.test("a line that is too long is refused before it is whole", async (t) => {
  const chunk = Buffer.alloc(1024 * 1024, "x");
  let sent = 0;
  const endless = async function* (): AsyncGenerator<Uint8Array> {
    for (;;) {
      sent += 1;
      yield chunk;
    }
  };
  await t.rejects(Array.fromAsync(textLines(endless())), /too long/);
  t.equal(sent, 65);
});
