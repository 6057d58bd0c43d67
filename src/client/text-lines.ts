/** Longest line, in characters: no event of a ledger comes near it. */
const MAX_LINE = 64 * 1024 * 1024;

/**
 * The lines of a text, each without its end, also what stands behind the last end. Linear in the text, however it is cut.
 * Throws for a line that is too long, and when the text breaks off.
 */
export async function* textLines(
  bytes: AsyncIterable<Uint8Array>,
  ends: string | RegExp = "\n",
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  /** What came of the line that is not over, without an end in it. */
  let open: string[] = [];
  let length = 0;
  /** A carriage return at the end of what came: it may be half of an end. */
  let half = "";
  for await (const chunk of bytes) {
    const text = half + decoder.decode(chunk, { stream: true });
    half = text.endsWith("\r") ? "\r" : "";
    const lines = (half === "" ? text : text.slice(0, -1)).split(ends);
    const rest = lines.pop() ?? "";
    for (const line of lines) {
      limit(length + line.length);
      yield open.length === 0 ? line : open.join("") + line;
      open = [];
      length = 0;
    }
    open.push(rest);
    length += rest.length;
    limit(length);
  }
  const last = open.join("") + half;
  if (last !== "") {
    yield last;
  }
}

function limit(characters: number): void {
  if (characters > MAX_LINE) {
    throw new Error("a line of the answer is too long");
  }
}
