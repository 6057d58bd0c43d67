/** Longest line, in characters: no event of a ledger comes near it. */
const MAX_LINE = 64 * 1024 * 1024;

/**
 * The lines of a text, each without its end, also what stands behind the last end. Throws for a line that is too long, and when
 * the text breaks off.
 */
export async function* textLines(
  bytes: AsyncIterable<Uint8Array>,
  ends: string | RegExp = "\n",
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let open = "";
  for await (const chunk of bytes) {
    open += decoder.decode(chunk, { stream: true });
    if (open.length > MAX_LINE) {
      throw new Error("a line of the answer is too long");
    }
    const lines = open.split(ends);
    open = lines.pop() ?? "";
    yield* lines;
  }
  if (open !== "") {
    yield open;
  }
}
